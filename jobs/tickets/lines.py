"""Text -> physical lines, in bounded memory and linear time whatever the text is."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.tickets.limits import LIMITS, FileRefused, Limits

_NOTHING = {"", '"', "'", ",", ";", '""'}
"""Lines without a cell: blank ones, and those that a file made to be slow is made of."""

_NOTHING_MOST = 2  # characters of such a line
_BLANK_LINES, _BLANK_FOR_EACH = 100_000, 50
"""Blank lines that are too many: so many, and so many for each line with something in it."""


def split_lines(blocks: Iterator[str], limits: Limits = LIMITS) -> Iterator[list[str]]:
    """Lines without their ends: CR, LF or CRLF, mixed at will; a list for those of each block.

    Raises FileRefused beyond a cap.
    """
    rest, lines, blank = "", 0, 0
    for block in blocks:
        # A CR at the end of a block may be one half of a CRLF.
        text, held = (block[:-1], "\r") if block.endswith("\r") else (block, "")
        whole = (rest + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        rest = whole.pop() + held
        lines += len(whole)
        short = [line for line in whole if len(line) <= _NOTHING_MOST]
        blank += sum(line in _NOTHING for line in short)
        _check(lines, blank, max(map(len, whole), default=0), len(rest), limits)
        yield whole
    if rest:
        yield rest.removesuffix("\r").split("\r")


def _check(lines: int, blank: int, longest: int, rest: int, limits: Limits) -> None:
    if max(longest, rest) > limits.record_characters:
        most = f"{limits.record_characters:,} characters"
        raise FileRefused(lines, f"a line is longer than {most}; no ticket is.")
    if blank > _BLANK_LINES + _BLANK_FOR_EACH * (lines - blank):
        raise FileRefused(lines, f"{blank:,} of the first {lines:,} lines have nothing in them.")
    if lines > limits.lines:
        reason = f"the file has more than {limits.lines:,} lines; split it into smaller ones."
        raise FileRefused(lines, reason)
