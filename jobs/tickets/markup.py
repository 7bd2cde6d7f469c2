"""The tables of a web page, or of Excel's XML of 2003, as sheets.

Many helpdesks call such a page `.xls`: a spreadsheet program opens it. Tags are found one after
the other and not as a tree, for pages are seldom well-formed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from jobs.tickets.file_kind import READ_HERE
from jobs.tickets.limits import FileRefused, Limits, whole_text

_BEGINNINGS = ("<!doctype", "<html", "<?xml", "<table", "<meta", "<head", "<style", "<body", "<!--")
_TAG = re.compile(r"<(/?)(?:\w+:)?(table|worksheet|tr|row|td|th|cell)((?:[\s/][^<>]*)?)>", re.I)
_TABLES, _ROWS = {"table", "worksheet"}, {"tr", "row"}
_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]*>", re.I)
_ANY_TAG = re.compile(r"</?[a-z!?][^<>]*>", re.I)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_WIDTH, _MERGED, _HEIGHT, _PLACE = (
    re.compile(rf"\b{name}\s*=\s*[\"']?(\d{{1,4}})\b", re.I)
    for name in ("colspan", "mergeacross", "rowspan", "index")
)
_CELLS_MOST = 20_000_000
"""Of a table, those that only `colspan` and `rowspan` make among them."""

_TABLES_MOST = 10_000
_TOO_MANY_CELLS = f"the page has tables of over {_CELLS_MOST:,} cells; split it."

_NO_TABLE = f"this is a web page or XML without a table; export the tickets as one. {READ_HERE}"


def is_markup(head: str) -> bool:
    """Whether a text that begins so is a web page or XML."""
    return head.lstrip("\ufeff \t\r\n")[:16].lower().startswith(_BEGINNINGS)


def read_tables(texts: Iterable[str], limits: Limits) -> list[Iterator[list[str]]]:
    """The rows of each table of two columns or more, all as long as the longest.

    Raises FileRefused where there is none, or the page is too large.
    """
    text = whole_text(texts, limits.workbook_bytes, "this page", "split it.")
    tables = _Tables(_without_comments(text)).found
    widths = [max(map(len, rows), default=0) for rows in tables]
    if max(widths, default=0) < 2:
        raise FileRefused(1, _NO_TABLE)
    if any(len(rows) * width > _CELLS_MOST for rows, width in zip(tables, widths, strict=True)):
        raise FileRefused(1, _TOO_MANY_CELLS)
    wide = zip(tables, widths, strict=True)
    return [_padded(rows, width) for rows, width in wide if width > 1]


def _padded(rows: list[list[str]], width: int) -> Iterator[list[str]]:
    return (row + [""] * (width - len(row)) for row in rows)


def _without_comments(text: str) -> str:
    first, *others = text.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


class _Table:
    """A table that is being read. `held`: by column, a cell that reaches down, and how far."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.held: dict[int, tuple[str, int]] = {}
        self.begin: int | None = None
        self.width, self.height = 1, 1


class _Tables:
    """All tables of a text in `found`, those inside others too."""

    def __init__(self, text: str) -> None:
        self.found: list[list[list[str]]] = []
        self._text, self._open, self._cells = text, list[_Table](), 0
        for tag in _TAG.finditer(text):
            name = tag[2].lower()
            if name in _TABLES:
                self._table(tag, is_end=bool(tag[1]))
            elif self._open and name in _ROWS:
                self._end_cell(tag.start())
                self._row(is_end=bool(tag[1]))
            elif self._open:
                self._end_cell(tag.start())
                if not tag[1]:
                    self._cell(tag)
        if self._open:
            self._end_cell(len(text))

    def _table(self, tag: re.Match[str], *, is_end: bool) -> None:
        """In Excel's XML a worksheet has one table: that within it is another, and has the rows."""
        if self._open:
            self._end_cell(tag.start())  # of the one around it: what follows the inner one is lost
        if not is_end:
            self._open.append(_Table())
            self.found.append(self._open[-1].rows)
            if len(self.found) > _TABLES_MOST:
                raise FileRefused(1, f"the page has over {_TABLES_MOST:,} tables; split it.")
        elif self._open:
            self._open.pop()

    def _row(self, *, is_end: bool) -> None:
        table = self._open[-1]
        if table.rows:
            self._fill(table)
        if not is_end:
            table.rows.append([])
            self._fill(table)

    def _cell(self, tag: re.Match[str]) -> None:
        """The begin of a cell, after those that reach down from the rows above."""
        table, said = self._open[-1], tag[3]
        if not table.rows:
            table.rows.append([])
        self._fill(table)
        self._add(table, [""] * (_number(_PLACE, said, 0) - 1 - len(table.rows[-1])))
        table.begin = tag.end()
        table.width = max(_number(_WIDTH, said, 1), 1 + _number(_MERGED, said, 0))
        table.height = _number(_HEIGHT, said, 1)
        if said.endswith("/"):
            self._end_cell(tag.end())

    def _end_cell(self, end: int) -> None:
        table = self._open[-1]
        if table.begin is None:
            return
        value, at = _cell_text(self._text[table.begin : end]), len(table.rows[-1])
        if table.height > 1:
            table.held[at] = value, table.height - 1
        self._add(table, [value, *[""] * (table.width - 1)])
        table.begin = None

    def _fill(self, table: _Table) -> None:
        """Put cells that reach down where the row has come to them."""
        row = table.rows[-1]
        while held := table.held.pop(len(row), None):
            value, left = held
            if left > 1:
                table.held[len(row)] = value, left - 1
            self._add(table, [value])

    def _add(self, table: _Table, cells: list[str]) -> None:
        self._cells += len(cells)
        if self._cells > _CELLS_MOST:
            raise FileRefused(1, _TOO_MANY_CELLS)
        table.rows[-1].extend(cells)


def _number(attribute: re.Pattern[str], said: str, default: int) -> int:
    found = attribute.search(said)
    return int(found[1]) if found else default


def _cell_text(markup: str) -> str:
    """What a browser shows of a cell; a line is what a tag ends."""
    if "<" not in markup:
        return _SPACE.sub(" ", html.unescape(markup)).strip()
    lines = _BREAK.sub("\0", _SPACE.sub(" ", markup)).split("\0")
    shown = (html.unescape(_ANY_TAG.sub("", line)).strip() for line in lines)
    return "\n".join(shown).strip()
