"""An Excel workbook -> the rows of its sheets.

A sheet becomes a rectangle in memory, as large as its outermost cells say: a file of 5 kB may ask
for more than any machine has. So its XML is looked through before the library gets it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import BinaryIO, cast
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from jobs.tickets.file_kind import READ_HERE
from jobs.tickets.limits import FileRefused, Limits

_CELLS_MOST = 20_000_000
"""Cells of a sheet's rectangle: 500 MB."""

_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_BLOCK = 256 * 1024
_TOO_WIDE = (
    "a sheet of the workbook spans {rows:,} rows and {columns:,} columns; delete what is far from"
    " the table, or save the sheet as CSV."
)


def is_workbook(files: Iterable[zipfile.ZipInfo]) -> bool:
    """Whether the files of a zip archive are a workbook's."""
    return any(file.filename.startswith("xl/") for file in files)


def check_size(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Look through the parts of a workbook. Raises FileRefused for one that is too large."""
    parts = archive.infolist()
    if any(part.filename.endswith(".bin") and "/worksheets/" in part.filename for part in parts):
        raise FileRefused(1, "this is a binary workbook (.xlsb); save it as .xlsx or CSV.")
    if sum(part.file_size for part in parts) > limits.object_bytes:
        raise FileRefused(1, f"the workbook unpacks to more than {limits.object_bytes:,} bytes.")
    for part in parts:
        with archive.open(part) as stream:
            _check_sheet(cast(BinaryIO, stream))


def _check_sheet(stream: BinaryIO) -> None:
    """Raise FileRefused for a sheet with cells too far from each other; other parts have none."""
    extent = _Extent()
    parser = expat.ParserCreate()
    parser.StartElementHandler = extent.element
    try:
        while block := stream.read(_BLOCK):
            parser.Parse(block)
            extent.check()
    except (expat.ExpatError, ValueError):
        if extent.is_sheet:
            raise FileRefused(1, f"this workbook is damaged; {READ_HERE}") from None


class _Extent:
    """How far the cells of a sheet that say something reach, as its elements pass."""

    def __init__(self) -> None:
        self.is_sheet = False
        self._row = self._column = self._rows = self._columns = 0

    def element(self, name: str, attributes: Mapping[str, str]) -> None:
        """The start of an element."""
        match name.rpartition(":")[2]:
            case "row":
                self.is_sheet = True
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
            case "c":
                self._column += 1
                if cell := _CELL.fullmatch(attributes.get("r", "")):
                    self._column, self._row = _number(cell[1]), int(cell[2])
            case "v" | "is" | "f":
                self._rows = max(self._rows, self._row)
                self._columns = max(self._columns, self._column)

    def check(self) -> None:
        """Raise FileRefused where the sheet's rectangle is too large."""
        if self._rows * self._columns > _CELLS_MOST:
            raise FileRefused(1, _TOO_WIDE.format(rows=self._rows, columns=self._columns))


def _number(letters: str) -> int:
    """A column's number by its letters: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def read_sheets(body: bytes) -> list[Iterator[list[str]]]:
    """The rows of each sheet, in order, read when they are asked for. Raises FileRefused."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
        names = book.sheet_names
    except (CalamineError, OSError, ValueError):
        raise FileRefused(1, f"this workbook cannot be opened; {READ_HERE}") from None
    return [_rows(book, index) for index in range(len(names))]


def _rows(book: CalamineWorkbook, index: int) -> Iterator[list[str]]:
    try:
        for row in book.get_sheet_by_index(index).iter_rows():
            yield [cell_text(cell) for cell in row]
    except (CalamineError, ValueError):
        raise FileRefused(1, f"sheet {index + 1} of the workbook cannot be read.") from None


def cell_text(value: object) -> str:
    """A cell as a CSV of the same table would say it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
