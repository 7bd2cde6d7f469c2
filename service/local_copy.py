"""LocalCopy: a folder that holds one bundle, for a cold start without storage.

`release.json` is the pointer. Every other file, the manifest and the parts that scoring needs, is
named by its sha256. The pointer is replaced last, in one step: no half-written copy is ever read.
"""

import os
from pathlib import Path

from urgency.bundle import ARRAYS, GOLDEN, Bundle, digest, read_bundle, read_manifest
from urgency.errors import CorruptObject, Gone
from urgency.records import Release
from urgency.registry import RELEASE, Registry

_SERVED_PARTS = (ARRAYS, GOLDEN)


class LocalCopy:
    """One bundle below `folder`, which need not exist yet. One process writes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def bundle(self) -> Bundle:
        """The bundle, digests checked. Raises Gone if there is none, CorruptObject if damaged."""
        release = Release.from_bytes(self._read(RELEASE))
        manifest = self._read(release.manifest_sha256)
        if digest(manifest) != release.manifest_sha256:
            raise CorruptObject(f"The manifest in {self.folder} is not the one that was released.")
        return read_bundle(manifest, self._read)

    def keep(self, release: Release, registry: Registry) -> None:
        """Copy what `release` names. Raises OSError, and UrgencyError from the registry."""
        manifest = registry.manifest_body(release.champion) or b""
        parts = read_manifest(manifest).parts
        files = {parts[name]: registry.blob(parts[name]) for name in _SERVED_PARTS}
        files[digest(manifest)] = manifest
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            self._replace(name, body)
        self._replace(RELEASE, release.to_bytes())
        for file in self.folder.iterdir():
            if file.name not in files and file.name != RELEASE:
                file.unlink()

    def _read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise Gone(f"{name} cannot be read in {self.folder}: {error.strerror}.") from None

    def _replace(self, name: str, body: bytes) -> None:
        half = self.folder / f".{name}.half"
        half.write_bytes(body)
        os.replace(half, self.folder / name)  # noqa: PTH105  the call whose atomicity POSIX promises
