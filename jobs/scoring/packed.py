"""The bytes inside a gzip file as a stream, which can be read from its begin only."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from jobs.scoring.layout import ARCHIVES
from jobs.tickets.container import Text, open_container
from jobs.tickets.limits import FileRefused

_BLOCK = 256 * 1024


def unpacked(stream: BinaryIO, begin: int) -> BinaryIO:
    """What is packed in `stream`, from a byte of it on. Raises FileRefused, while reading too."""
    container = open_container(stream, ARCHIVES)
    if not isinstance(container, Text):
        raise FileRefused(1, "the file changed its kind while it was read.")
    body = io.BufferedReader(_Blocks(container.blocks), _BLOCK)
    while begin > 0 and (passed := body.read(min(begin, _BLOCK))):
        begin -= len(passed)
    return cast(BinaryIO, body)


class _Blocks(io.RawIOBase):
    """Blocks of bytes, one after the other."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
