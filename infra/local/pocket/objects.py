"""The object store behind the storage API: versioned, durable, with atomic preconditions.

The index is one SQLite file, the payloads are files beside it. A payload is durable before its row is written and an
answer is given after the row is committed, so that nothing acknowledged is lost when the process is killed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from infra.local.pocket.errors import ApiError
from infra.local.pocket.payloads import Draft, Payloads

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT, name TEXT, generation INTEGER, size INTEGER, crc32c TEXT, md5 TEXT, content_type TEXT, metadata TEXT,
    created TEXT, payload TEXT, deleted TEXT,
    PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS live ON object (bucket, name) WHERE deleted IS NULL;
"""
_LAST = "\U0010ffff"  # no name sorts after it


@dataclass(frozen=True)
class StoredObject:
    """One generation of an object; `deleted` says when it stopped being the live one. Times as RFC 3339 text."""

    bucket: str
    name: str
    generation: int
    size: int
    crc32c: str
    md5: str
    content_type: str
    metadata: str
    created: str
    payload: str
    deleted: str | None = None

    def resource(self) -> dict[str, object]:
        """The object as the JSON API shows it. https://cloud.google.com/storage/docs/json_api/v1/objects."""
        resource: dict[str, object] = {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": "1",
            "contentType": self.content_type,
            "storageClass": "STANDARD",
            "size": str(self.size),
            "md5Hash": self.md5,
            "crc32c": self.crc32c,
            "etag": str(self.generation),
            "timeCreated": self.created,
            "updated": self.created,
        }
        if self.deleted:
            resource["timeDeleted"] = self.deleted
        if self.metadata != "{}":
            resource["metadata"] = json.loads(self.metadata)
        return resource


@dataclass(frozen=True)
class NewObject:
    """What an upload says about the object that it makes."""

    bucket: str
    name: str
    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)
    crc32c: str | None = None
    md5: str | None = None


@dataclass(frozen=True)
class Preconditions:
    """What a request demands of the current object; None demands nothing, generation 0 is 'no such object'.

    No call here changes metadata, so that an object's metageneration is 1 and an absent one's is 0.
    """

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    def check(self, current: StoredObject | None, *, reading: bool = False) -> None:
        """Raise ApiError 412 where `current` is not as demanded, 304 where a reader has it already."""
        generation, metageneration = (current.generation, 1) if current else (0, 0)
        wanted = ((self.generation_match, generation), (self.metageneration_match, metageneration))
        unwanted = ((self.generation_not_match, generation), (self.metageneration_not_match, metageneration))
        if any(demand not in (None, actual) for demand, actual in wanted):
            raise ApiError(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
        if any(demand == actual for demand, actual in unwanted):
            raise ApiError(304 if reading else 412, "conditionNotMet", "The object is at the generation you excluded.")


@dataclass(frozen=True)
class Query:
    """Which objects a listing shows; offsets are names, `after` is the last entry of the page before."""

    prefix: str = ""
    delimiter: str = ""
    start_offset: str = ""
    end_offset: str = ""
    versions: bool = False
    after: tuple[str, int] = ("", 0)
    limit: int = 1000


@dataclass
class Page:
    """One page of a listing; `after` continues it, where there is more."""

    objects: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    after: tuple[str, int] | None = None


class Objects:
    """Every bucket's objects, kept in `home/storage`. One lock: each call sees and leaves a consistent store."""

    def __init__(self, home: Path, buckets: tuple[str, ...]) -> None:
        self._buckets = buckets
        self.payloads = Payloads(home / "storage")
        self._lock = threading.Lock()
        self._index = sqlite3.connect(home / "storage" / "index.sqlite", check_same_thread=False)
        self._index.executescript(_SCHEMA)
        self.payloads.forget_all_but({payload for (payload,) in self._index.execute("SELECT payload FROM object")})
        (self._generation,) = self._index.execute("SELECT COALESCE(MAX(generation), 0) FROM object").fetchone()

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def get(self, bucket: str, name: str, generation: int | None, demands: Preconditions) -> StoredObject:
        """The live object, or that generation of it. Raises ApiError 404, 412, 304."""
        with self._transaction(bucket):
            found = self._find(bucket, name, generation)
        if found is None:
            raise _no_such(bucket, name, generation)
        demands.check(found, reading=True)
        return found

    def put(
        self, new: NewObject, draft: Draft, demands: Preconditions, may_replace: Callable[[], None]
    ) -> StoredObject:
        """Make `draft` the live object; what it replaces stays as an older generation. Raises ApiError 400, 412.

        Where an object is replaced, `may_replace` is called first: it raises if this caller must not.
        """
        draft.verify(crc32c=new.crc32c, md5=new.md5)
        payload = draft.keep()
        try:
            with self._transaction(new.bucket):
                current = self._find(new.bucket, new.name)
                if current:
                    may_replace()
                demands.check(current)
                return self._insert(new, draft, payload)
        except ApiError:
            self.payloads.path(payload).unlink()
            raise

    def delete(self, bucket: str, name: str, generation: int | None, demands: Preconditions) -> None:
        """Retire the live object, or erase that generation for good. Raises ApiError 404, 412."""
        with self._transaction(bucket):
            found = self._find(bucket, name, generation)
            if found is None:
                raise _no_such(bucket, name, generation)
            demands.check(found)
            if generation is None:
                self._retire(bucket, name)
                return
            self._index.execute(
                "DELETE FROM object WHERE bucket = ? AND name = ? AND generation = ?", (bucket, name, generation)
            )
        self.payloads.path(found.payload).unlink()

    def list(self, bucket: str, query: Query) -> Page:
        """Objects in order of name, then generation; what follows a delimiter is folded into `prefixes`."""
        page = Page()
        last = query.after
        with self._transaction(bucket):
            for found in self._scan(bucket, query):
                folded = _folded(found.name, query)
                if folded is None or folded not in page.prefixes[-1:]:
                    if len(page.objects) + len(page.prefixes) == query.limit:
                        page.after = last
                        break
                    page.objects.append(found) if folded is None else page.prefixes.append(folded)
                last = (found.name, found.generation)
        return page

    @contextmanager
    def _transaction(self, bucket: str) -> Iterator[None]:
        if bucket not in self._buckets:
            raise ApiError(404, "notFound", "The specified bucket does not exist.")
        with self._lock, self._index:
            yield

    def _find(self, bucket: str, name: str, generation: int | None = None) -> StoredObject | None:
        which, key = ("deleted IS NULL", ()) if generation is None else ("generation = ?", (generation,))
        rows = self._index.execute(
            f"SELECT * FROM object WHERE bucket = ? AND name = ? AND {which}", (bucket, name, *key)
        )
        row = rows.fetchone()
        return StoredObject(*row) if row else None

    def _insert(self, new: NewObject, draft: Draft, payload: str) -> StoredObject:
        self._generation = max(self._generation + 1, time.time_ns() // 1000)
        stored = StoredObject(
            bucket=new.bucket,
            name=new.name,
            generation=self._generation,
            size=draft.size,
            crc32c=draft.crc32c,
            md5=draft.md5,
            content_type=new.content_type,
            metadata=json.dumps(new.metadata),
            created=_now(),
            payload=payload,
        )
        self._retire(new.bucket, new.name)
        self._index.execute("INSERT INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(stored))
        return stored

    def _retire(self, bucket: str, name: str) -> None:
        self._index.execute(
            "UPDATE object SET deleted = ? WHERE bucket = ? AND name = ? AND deleted IS NULL", (_now(), bucket, name)
        )

    def _scan(self, bucket: str, query: Query) -> Iterator[StoredObject]:
        rows = self._index.execute(
            "SELECT * FROM object WHERE bucket = :bucket AND name >= :start AND name < :end"
            " AND (name, generation) > (:after_name, :after_generation) AND (:versions OR deleted IS NULL)"
            " ORDER BY name, generation",
            {
                "bucket": bucket,
                "start": max(query.prefix, query.start_offset),
                "end": min(query.prefix + _LAST, query.end_offset or _LAST),
                "after_name": query.after[0],
                "after_generation": query.after[1],
                "versions": query.versions,
            },
        )
        return (StoredObject(*row) for row in rows)


def _folded(name: str, query: Query) -> str | None:
    """The entry of `prefixes` that stands for `name`, if any."""
    head, delimiter, _ = name[len(query.prefix) :].partition(query.delimiter) if query.delimiter else ("", "", "")
    return query.prefix + head + delimiter if delimiter else None


def _no_such(bucket: str, name: str, generation: int | None) -> ApiError:
    which = name if generation is None else f"{name}#{generation}"
    return ApiError(404, "notFound", f"No such object: {bucket}/{which}")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
