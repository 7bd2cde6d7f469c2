"""Tensors as bytes after the JSON, as Triton's clients send and ask for them.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
All numbers are little-endian; each element of BYTES has its length before it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

EXTENSION = "binary_tensor_data"
LENGTH_BYTES = 4


class BadBytes(ValueError):
    """Bytes that are no tensor of texts; the message continues the tensor's name."""


def texts(data: bytes) -> Iterator[str]:
    """The elements of a tensor of BYTES. Raises BadBytes."""
    at = 0
    while at < len(data):
        begin = at + LENGTH_BYTES
        at = begin + int.from_bytes(data[at:begin], "little")
        if at > len(data):
            raise BadBytes("its binary data end within an element")
        try:
            yield data[begin:at].decode()
        except UnicodeDecodeError:
            raise BadBytes("its binary data are not UTF-8") from None


def _text(value: str) -> bytes:
    body = value.encode()
    return len(body).to_bytes(LENGTH_BYTES, "little") + body


_ELEMENT: dict[str, Callable[[Any], bytes]] = {
    "BYTES": _text,
    "BOOL": struct.Struct("<?").pack,
    "FP64": struct.Struct("<d").pack,
}


def as_bytes(datatype: str, data: list[Any]) -> bytes:
    """The elements of an output."""
    return b"".join(map(_ELEMENT[datatype], data))
