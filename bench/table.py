"""Tables as Markdown, which terminals and pages both show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table whose columns are as wide as their widest cell."""
    cells = [list(head), *map(list, lines)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * max(3, width) for width in widths])
    rows = (" | ".join(map(str.ljust, row, widths)) for row in cells)
    return "".join(f"| {row} |\n" for row in rows)


def met(reached: bool) -> str:  # noqa: FBT001  one word for one fact
    """How a table says whether a target is reached."""
    return "met" if reached else "not met"
