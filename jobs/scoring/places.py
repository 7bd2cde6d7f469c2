"""Where archives are read and scores are written: a bucket, or a folder of this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from urgency.errors import Conflict, Gone, SettingsError
from urgency.store import ListedObject, Versioned

GS = "gs://"
_HALF = ".half-"  # begins the name of a file that is being written


class Store(Protocol):
    """What scoring asks of a bucket; see ObjectStore."""

    def get(self, name: str) -> Versioned | None:
        """Current bytes; None where there is no such object."""
        ...

    def put(self, name: str, body: bytes, expect: int) -> int:
        """Write if the current token is `expect`. Raises Conflict."""
        ...

    def list(self, prefix: str, after: str | None = None) -> Iterator[ListedObject]:
        """Live objects below `prefix`, by name."""
        ...

    def open_at(self, name: str, generation: int, begin: int = 0) -> BinaryIO:
        """Stream one generation from a byte on. Raises Gone."""
        ...


class Folder:
    """A Store on a folder, whose files are written whole or not at all.

    A file's generation is the time of its last change.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, name: str) -> Versioned | None:
        """See Store."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return Versioned(_generation(self._root / name), (self._root / name).read_bytes())
        return None

    def put(self, name: str, body: bytes, expect: int) -> int:
        """See Store; a file is created and never replaced, so `expect` has to be ABSENT."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, half = tempfile.mkstemp(prefix=_HALF, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(body)
            os.link(half, path)  # all or nothing, and refused where there is one
        except FileExistsError:
            raise Conflict(f"{path} exists; {expect} was expected.") from None
        finally:
            Path(half).unlink()
        return _generation(path)

    def list(self, prefix: str, after: str | None = None) -> Iterator[ListedObject]:
        """See Store."""
        folder = self._root / prefix.rpartition("/")[0]
        paths = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
        names = (path.relative_to(self._root).as_posix() for path in paths)
        for name in sorted(name for name in names if name.startswith(prefix)):
            path = self._root / name
            if not path.name.startswith(_HALF) and name > (after or ""):
                stat = path.stat()
                changed = datetime.fromtimestamp(stat.st_mtime, UTC)
                yield ListedObject(name, stat.st_mtime_ns, stat.st_size, "", changed)

    def open_at(self, name: str, generation: int, begin: int = 0) -> BinaryIO:
        """See Store."""
        path = self._root / name
        if not path.is_file() or _generation(path) != generation:
            raise Gone(f"{path} was changed after scoring began; score it into another place.")
        stream = path.open("rb")
        stream.seek(begin)
        return stream


def _generation(path: Path) -> int:
    return path.stat().st_mtime_ns


Stores = Callable[[str], Store]
"""The store of a bucket with this name."""


@dataclass(frozen=True)
class Below:
    """A prefix of a store."""

    store: Store
    prefix: str

    def name(self, name: str) -> str:
        """A name below the prefix as the store knows it."""
        return f"{self.prefix}{name}"

    def read(self, name: str) -> bytes | None:
        """The bytes below the prefix; None where there is no such object."""
        stored = self.store.get(self.name(name))
        return stored.body if stored else None

    def names(self, folder: str) -> list[str]:
        """What stands below a folder of it, by name."""
        listed = self.store.list(self.name(folder))
        return [one.name.removeprefix(self.prefix) for one in listed]


@dataclass(frozen=True)
class ArchiveFile:
    """A file to be scored; `name` is that below `--from`, or the file's own."""

    name: str
    generation: int
    size: int


def output_at(url: str, stores: Stores) -> Below:
    """Where scores are written."""
    store, prefix = _place(url, stores)
    return Below(store, f"{prefix.rstrip('/')}/" if prefix else "")


def archive_at(url: str, stores: Stores) -> tuple[Below, list[ArchiveFile]]:
    """What is to be scored: one file, or all below a folder, by name. Raises SettingsError."""
    if not url.startswith(GS) and Path(url).is_file():
        path = Path(url)
        file = ArchiveFile(path.name, _generation(path), path.stat().st_size)
        return Below(Folder(path.parent), ""), [file]
    store, prefix = _place(url, stores)
    # The console makes a folder by an empty object whose name ends in a slash.
    listed = [one for one in store.list(prefix) if not one.name.endswith("/")]
    exact = [one for one in listed if one.name == prefix]
    folder = prefix.rpartition("/")[0] if exact else prefix.rstrip("/")
    below = Below(store, f"{folder}/" if folder else "")
    found = exact or [one for one in listed if one.name.startswith(below.prefix)]
    if not found:
        raise SettingsError(f"There is no file at {url}.")
    return below, [
        ArchiveFile(one.name.removeprefix(below.prefix), one.generation, one.size) for one in found
    ]


def expect_apart(source: str, target: str) -> None:
    """Raise SettingsError where scores would lie among what is scored."""
    if f"{target.rstrip('/')}/".startswith(f"{source.rstrip('/')}/"):
        raise SettingsError(f"{target} is inside {source}: scores would be scored the next time.")


def _place(url: str, stores: Stores) -> tuple[Store, str]:
    """The store that a URL or a path means, and the prefix in it."""
    if not url.startswith(GS):
        return Folder(Path(url)), ""
    bucket, _, prefix = url.removeprefix(GS).partition("/")
    if not bucket:
        raise SettingsError(f"{url!r} names no bucket; write gs://BUCKET/FOLDER or a local path.")
    return stores(bucket), prefix
