"""The tables of a web page, or of Excel's XML of 2003, as sheets.

Many helpdesks call such a page `.xls`: a spreadsheet program opens it. Tags are found one after
the other and not as a tree, for pages are seldom well-formed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from heapq import nlargest
from typing import NamedTuple

from jobs.tickets.file_kind import READ_HERE
from jobs.tickets.grid import Budget, Grid
from jobs.tickets.limits import FileRefused, Limits, whole_text

Rows = list[list[str]]


class _Table(NamedTuple):
    """The rows of a table, and the number of the one that it stands in; -1: none."""

    rows: Rows
    around: int


_BEGINNINGS = ("<!doctype", "<html", "<?xml", "<table", "<meta", "<head", "<style", "<body", "<!--")
_BEGIN, _HEAD = re.compile(r"[\ufeff\s]*<[a-z!?]", re.I), 64 * 1024
_HAS_TABLE = re.compile(r"<(?:\w+:)?(?:table|tr|workbook)[\s>]", re.I)
_IS_EXCEL = re.compile(r"<(?:\w+:)?workbook[\s>]", re.I)

# A quoted value may hold < and >; where the quote is open, the tag ends as if there were none.
_REST = r"""(?=[\s/>])((?:[^<>"']|"[^"]{0,2000}"|'[^']{0,2000}')*+|[^<>]*)>"""
_HTML = re.compile(rf"<(/?)(table|thead|tbody|tfoot|tr|td|th){_REST}", re.I)
_EXCEL = re.compile(rf"<(/?)(?:\w+:)?(table|row|cell){_REST}", re.I)
_GROUPS, _ROWS = {"thead", "tbody", "tfoot"}, {"tr", "row"}
_ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")

_HIDDEN = re.compile(r"<!--|<(?:script|style|template)\b|<(?:\w+:)?comment\b", re.I)
_LINE = re.compile(
    rf"</?(?:br|p|div|li|ul|ol|h[1-6]|pre|blockquote|tr|table|dt|dd|hr|section){_REST}", re.I
)
_CELL = re.compile(rf"</?t[dh]{_REST}", re.I)
_TAG = re.compile(
    r"""</?[a-z!?](?:[^<>"']|"[^"]{0,2000}"|'[^']{0,2000}')*+>|</?[a-z!?][^<>]*>""", re.I
)
_IMAGE = re.compile(r"""<img\b[^<>]*?\s(?:alt|title)\s*=\s*["']([^"'<>]*)["']""", re.I)
_SPACE = re.compile(r"[ \t\r\n\f]+")

_DEPTH, _TABLES_MOST, _SHEETS_MOST = 8, 100_000, 100
_SAVE = "save it as a workbook or CSV without those that are not needed."
_NO_TABLE = f"this is a web page or XML without a table; export the tickets as one. {READ_HERE}"


def is_markup(head: str) -> bool:
    """Whether a text that begins so is a web page or XML."""
    if head.lstrip("\ufeff \t\r\n")[:16].lower().startswith(_BEGINNINGS):
        return True
    return bool(_BEGIN.match(head) and _HAS_TABLE.search(head, 0, _HEAD))


def read_tables(texts: Iterable[str], limits: Limits) -> list[Iterator[list[str]]]:
    """The rows of each table of two columns or more, all as long as the longest.

    Raises FileRefused where there is none, or the page is too large.
    """
    text = whole_text(texts, limits.workbook_bytes, "this page", "split it.")
    is_excel = bool(_IS_EXCEL.search(text, 0, _HEAD))
    budget = Budget()
    tables = _joined(_tables(_shown(text, is_excel=is_excel), budget, is_excel=is_excel))
    wide = [(number, rows) for number, rows in enumerate(tables) if max(map(len, rows)) > 1]
    if max((len(row) for _, rows in wide for row in rows), default=0) > limits.columns:
        raise FileRefused(1, f"a table of the page has over {limits.columns:,} columns; {_SAVE}")
    if not wide:
        raise FileRefused(1, _NO_TABLE)
    largest = nlargest(_SHEETS_MOST, wide, key=lambda one: len(one[1]))
    return [_padded(rows, budget) for _, rows in sorted(largest)]


def _padded(rows: Rows, budget: Budget) -> Iterator[list[str]]:
    width = max(map(len, rows))
    budget.take(sum(width - len(row) for row in rows))
    return (row + [""] * (width - len(row)) for row in rows)


def _joined(tables: Iterable[_Table]) -> list[Rows]:
    """The tables with rows; one that goes on with the header of the last, or lacks one, is its."""
    joined: list[_Table] = []
    for table in tables:
        last = joined[-1] if joined and joined[-1].around == table.around else None
        if table.rows and last and table.rows[0] == last.rows[0]:
            last.rows.extend(table.rows[1:])
        elif table.rows and last and len(last.rows) == 1 < len(table.rows[0]) == len(last.rows[0]):
            last.rows.extend(table.rows)
        elif table.rows:
            joined.append(table)
    return [table.rows for table in joined]


def _shown(text: str, *, is_excel: bool) -> str:
    """The text without comments and programs; one that does not end is text."""
    if is_excel:
        text = _with_cdata(text)
    parts, at, endless = [], 0, set[str]()
    for begin in _HIDDEN.finditer(text):
        kind = begin[0].lower().lstrip("<")
        if begin.start() < at or kind in endless or (kind.endswith("comment") and not is_excel):
            continue
        end_tag = re.compile("-->" if kind == "!--" else rf"</{kind}\s*>", re.I)
        end = end_tag.search(text, begin.start() + 2)
        if end:
            parts.append(text[at : begin.start()])
            at = end.end()
        else:
            endless.add(kind)
    return "".join([*parts, text[at:]])


def _with_cdata(text: str) -> str:
    """Sections of text as it is, written as other text."""
    first, *sections = text.split("<![CDATA[")
    parts = (section.partition("]]>") for section in sections)
    return first + "".join(html.escape(inside) + rest for inside, _, rest in parts)


def _tables(text: str, budget: Budget, *, is_excel: bool) -> list[_Table]:
    """All tables in the order in which they begin, those inside others too."""
    page = _Page(text, budget, is_excel=is_excel)
    for tag in (_EXCEL if is_excel else _HTML).finditer(text):
        page.take(tag[2].lower(), tag, is_end=bool(tag[1]))
    page.end()
    return page.found


class _Cell:
    """A cell that is open in a table: where its text begins, and what its tag says."""

    def __init__(self, begin: int, said: str, *, is_excel: bool) -> None:
        found = _ATTRIBUTE.findall(said) if "=" in said else []
        values = {name.lower(): "".join(value) for name, *value in found}
        self.begin, self.at = begin, 0
        if is_excel:
            values = {name.rpartition(":")[2]: value for name, value in values.items()}
            self.at = max(_number(values, "index") - 1, 0)
            self.width, self.height = (
                _number(values, name) + 1 for name in ("mergeacross", "mergedown")
            )
        else:
            self.width, self.height = (
                max(_number(values, name), 1) for name in ("colspan", "rowspan")
            )


def _number(said: Mapping[str, str], name: str) -> int:
    value = said.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 5 else 0


class _Open(NamedTuple):
    """A table whose end has not come, its number, and the cell of it that is open."""

    grid: Grid
    number: int
    cell: _Cell | None = None


class _Page:
    """Tags as they come -> the tables in `found`."""

    def __init__(self, text: str, budget: Budget, *, is_excel: bool) -> None:
        self.found: list[_Table] = []
        self._text, self._budget, self._is_excel = text, budget, is_excel
        self._open: list[_Open] = []

    def take(self, name: str, tag: re.Match[str], *, is_end: bool) -> None:
        """One tag of a table."""
        if name == "table" and not is_end:
            self._begin_table()
        elif name == "table":
            self._end_cell(tag.start())
            if self._open:
                self._open.pop()
        else:
            self._end_cell(tag.start())
            if not self._open and not is_end:
                self._begin_table()
            if self._open:
                self._in_table(name, tag, is_end=is_end)

    def end(self) -> None:
        """The text ends, and a cell that is open with it."""
        self._end_cell(len(self._text))

    def _in_table(self, name: str, tag: re.Match[str], *, is_end: bool) -> None:
        grid = self._open[-1].grid
        if name in _GROUPS:
            grid.end_group()
        elif name in _ROWS:
            (grid.end_row if is_end else grid.begin_row)()
        elif not is_end:
            cell = _Cell(tag.end(), tag[3], is_excel=self._is_excel)
            self._open[-1] = self._open[-1]._replace(cell=cell)
            if tag[3].endswith("/"):
                self._end_cell(tag.end())

    def _begin_table(self) -> None:
        if len(self._open) == _DEPTH or len(self.found) == _TABLES_MOST:
            raise FileRefused(1, "the page has too many tables, or too many inside others.")
        grid, around = Grid(self._budget), self._open[-1].number if self._open else -1
        self._open.append(_Open(grid, len(self.found)))
        self.found.append(_Table(grid.rows, around))

    def _end_cell(self, end: int) -> None:
        """The text of tables inside a cell is text of the cell too."""
        if self._open and (cell := self._open[-1].cell):
            self._open[-1] = self._open[-1]._replace(cell=None)
            text = _cell_text(self._text[cell.begin : end])
            self._open[-1].grid.add(text, width=cell.width, height=cell.height, at=cell.at)


def _cell_text(markup: str) -> str:
    """What a browser shows of a cell; of a picture alone, what it stands for."""
    if "<" not in markup:
        return html.unescape(_SPACE.sub(" ", markup)).strip()
    lines = _LINE.sub("\0", _CELL.sub(" ", markup)).split("\0")
    bare = (_SPACE.sub(" ", _TAG.sub("", line)) for line in lines)
    shown = "\n".join(filter(None, (html.unescape(line).strip() for line in bare)))
    picture = None if shown else _IMAGE.search(markup)
    return html.unescape(picture[1]).strip() if picture else shown
