"""A finding of the doctor, and what a check is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.context import System

SHOWN_MOST = 5


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, and which check found it."""

    what: str
    why: str
    todo: str
    check: str = ""


Check = Callable[[System, datetime], Iterator[Finding]]


def listed(things: Sequence[str | int]) -> str:
    """The first few of them, and how many more there are."""
    more = len(things) - SHOWN_MOST
    shown = ", ".join(map(str, things[:SHOWN_MOST]))
    return shown + (f" and {more} more" if more > 0 else "")
