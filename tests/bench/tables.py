"""Reading the tables that measurements print."""

from __future__ import annotations


def read_table(printed: str) -> list[dict[str, str]]:
    """The lines of a Markdown table, by the names of their columns."""
    head, _, *lines = (
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in printed.splitlines()
        if line.startswith("|")
    )
    return [dict(zip(head, line, strict=True)) for line in lines]
