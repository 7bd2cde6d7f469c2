"""Object payloads as files: written aside, checked, then kept under a name of their own for ever."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

import google_crc32c

from infra.local.pocket.errors import ApiError


class Payloads:
    """A folder of payload files. Whatever a killed process left half written is thrown away at
    construction.
    """

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "kept"
        self._drafts = folder / "drafts"
        self._kept.mkdir(parents=True, exist_ok=True)
        self._drafts.mkdir(exist_ok=True)
        for draft in self._drafts.iterdir():
            draft.unlink()

    def draft(self) -> Draft:
        """An empty payload to write to."""
        return Draft(self._drafts / secrets.token_hex(16), self._kept)

    def path(self, payload: str) -> Path:
        """The file of a kept payload."""
        return self._kept / payload

    def forget_all_but(self, known: set[str]) -> None:
        """Remove payloads that no index row came to know, since the process was killed between the
        two.
        """
        for file in self._kept.iterdir():
            if file.name not in known:
                file.unlink()


class Draft:
    """A payload that is being written, with its checksums so far."""

    def __init__(self, path: Path, kept: Path) -> None:
        self.size = 0
        self._path = path
        self._kept = kept
        self._crc32c = google_crc32c.Checksum()
        self._md5 = hashlib.md5(usedforsecurity=False)
        path.touch()

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        with self._path.open("ab") as file:
            file.write(chunk)
        self._crc32c.update(chunk)
        self._md5.update(chunk)
        self.size += len(chunk)

    @property
    def crc32c(self) -> str:
        """Big-endian, in base64, as Cloud Storage writes it."""
        return base64.b64encode(self._crc32c.digest()).decode()

    @property
    def md5(self) -> str:
        """In base64, as Cloud Storage writes it."""
        return base64.b64encode(self._md5.digest()).decode()

    def verify(self, *, crc32c: str | None, md5: str | None) -> None:
        """Raise ApiError 400 where a checksum that the sender declared is not that of what arrived."""
        for what, declared, calculated in (("CRC32C", crc32c, self.crc32c), ("MD5", md5, self.md5)):
            if declared not in (None, calculated):
                raise ApiError(
                    400,
                    "invalid",
                    f'Provided {what} hash "{declared}" doesn\'t match calculated "{calculated}".',
                )

    def keep(self) -> str:
        """Make the payload durable and return its name: from now on neither a kill nor a power cut
        loses it.
        """
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
        self._path = self._path.rename(self._kept / self._path.name)
        folder = os.open(self._kept, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return self._path.name

    def discard(self) -> None:
        """Throw away what was written, kept or not."""
        self._path.unlink()
