"""Where lines end in bytes, in every encoding that is read here."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

_CONTROLS = rb"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"  # those that decoding drops
_END = re.compile(rb"\r[" + _CONTROLS + rb"]*\n|\r|\n")
_UNITS = {"utf-16-le": "<u2", "utf-16-be": ">u2", "utf-32-le": "<u4", "utf-32-be": ">u4"}


class LineEnds:
    """CR, LF or CRLF. A line end of one byte is in no encoding of several bytes part of another
    character; in UTF-16 and UTF-32 it is a whole unit.

    Places are counted in bytes, from one that begins a character.
    """

    def __init__(self, encoding: str) -> None:
        self._unit = np.dtype(_UNITS.get(encoding, "u1"))

    def count(self, body: bytes) -> int:
        """How many lines end in these bytes."""
        narrow = self._narrow(body)
        if b"\r" not in narrow:
            return narrow.count(b"\n")
        return sum(1 for _ in _END.finditer(narrow))

    def behind(self, body: bytes, at: int, *, is_all: bool) -> int | None:
        """The first place from `at` on where a line has just ended; None where there is none.

        is_all: whether nothing follows `body`; else a CR at its end may be half of a CRLF.
        """
        size = self._unit.itemsize
        narrow = self._narrow(body)
        for found in _END.finditer(narrow, max(0, at // size - 1)):
            if found.end() == len(narrow) and found[0] == b"\r" and not is_all:
                return None
            if found.end() * size >= at:
                return found.end() * size
        return None

    def ends(self, body: bytes) -> Iterator[int]:
        """The place behind each line end."""
        size = self._unit.itemsize
        return (found.end() * size for found in _END.finditer(self._narrow(body)))

    def _narrow(self, body: bytes) -> bytes:
        """A byte for each unit; what is no line end stays none."""
        if self._unit.itemsize == 1:
            return body
        whole = len(body) - len(body) % self._unit.itemsize
        units = np.frombuffer(body[:whole], self._unit)
        narrow: bytes = np.minimum(units, 255).astype("u1").tobytes()
        return narrow
