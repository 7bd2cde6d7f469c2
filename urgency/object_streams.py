"""An object's bytes while they come: not too many, and those that were stored."""

import base64
import io
from typing import Any

import google_crc32c
from google.api_core import exceptions as api
from google.cloud import storage

from urgency.errors import CorruptObject, Gone
from urgency.google_errors import translated


class Bounded(io.BytesIO):
    """The bytes of an object, if they are not too many."""

    def __init__(self, name: str, most: int | None) -> None:
        super().__init__()
        self._name, self._most = name, most

    def write(self, data: Any) -> int:
        """See io.BytesIO. Raises CorruptObject beyond the bound."""
        if self._most is not None and self.tell() + len(data) > self._most:
            raise CorruptObject(f"{self._name} has over {self._most:,} bytes; it is not read.")
        return super().write(data)


class Checked(io.RawIOBase):
    """A raw stream that compares crc32c with what storage declared once all bytes have passed.

    source: read from byte `begin` on; there is nothing to compare where that is not the first.
    options: of each request.
    """

    def __init__(
        self, source: storage.Blob, declared: storage.Blob, begin: int, options: dict[str, Any]
    ) -> None:
        super().__init__()
        self._source, self._name, self._options = source, declared.name, options
        self._expected = None if begin else declared.crc32c
        self._at, self._size = begin, declared.size or 0  # some servers leave a 0 out
        self._sum = google_crc32c.Checksum()

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes. Raises Gone, CorruptObject at the end, Unavailable or Forbidden."""
        with translated(f"read {self._name}"):
            try:
                chunk = self._read_at(len(buffer))
            except (api.NotFound, api.PreconditionFailed):
                raise Gone(f"{self._name} was deleted while it was read.") from None
        buffer[: len(chunk)] = chunk
        self._sum.update(chunk)
        self._at += len(chunk)
        is_checked = not chunk and self._expected is not None
        if is_checked and base64.b64encode(self._sum.digest()).decode() != self._expected:
            raise CorruptObject(f"{self._name} arrived with another crc32c than stored; try again.")
        return len(chunk)

    def _read_at(self, most: int) -> bytes:
        """The next bytes; asking for more than there is would be one more request."""
        if self._at >= self._size:
            return b""
        end = min(self._at + most, self._size) - 1
        body: bytes = self._source.download_as_bytes(
            start=self._at, end=end, raw_download=True, checksum=None, **self._options
        )
        return body
