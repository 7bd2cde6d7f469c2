"""Caps on one file, so that no file can stop the training of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from urgency.errors import UrgencyError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes are of the object, or of what it unpacks to; characters are of a line or a record.

    cut_gzip: whether a gzip that ends too early gives what it holds.
    """

    object_bytes: int = 512 * 2**20
    workbook_bytes: int = 64 * 2**20
    record_characters: int = 2**20
    columns: int = 5_000
    lines: int = 20_000_000
    rows: int = 5_000_000
    cpu_s: float = 600.0
    cut_gzip: bool = True


LIMITS = Limits()


class FileRefused(UrgencyError):
    """A file cannot be read at all; `reason` is for its owner, `line` is where reading stopped."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def whole_text(texts: Iterable[str], most: int, what: str, cure: str) -> str:
    """A text that is read whole. Raises FileRefused beyond `most` characters: `what` it is."""
    parts, characters = [], 0
    for part in texts:
        characters += len(part)
        if characters > most:
            raise FileRefused(1, f"{what} has more than {most:,} characters; {cure}")
        parts.append(part)
    return "".join(parts)
