"""Object payloads as files: written as drafts, checked, then kept under a name of their own."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

import google_crc32c

from infra.local.pocket.errors import ApiError


class Payloads:
    """A folder of payload files. The constructor removes what a killed process left."""

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

    def remove_all_but(self, known: set[str]) -> None:
        """Remove payloads without an index row: the process was killed between the two."""
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
        """Raise ApiError 400 where what arrived has another checksum than the sender declared."""
        for kind, declared, actual in (("CRC32C", crc32c, self.crc32c), ("MD5", md5, self.md5)):
            if declared not in (None, actual):
                problem = f'Provided {kind} hash "{declared}" doesn\'t match calculated "{actual}".'
                raise ApiError(400, "invalid", problem)

    def keep(self) -> str:
        """Make the payload durable, against kills and power cuts, and return its name."""
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
        """Delete what was written, kept or not."""
        self._path.unlink()
