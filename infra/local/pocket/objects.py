"""The object store behind the storage API: versioned, durable, with atomic preconditions.

The index is one SQLite file, the payloads are files beside it. A payload is durable before its row
is written, and the answer comes after the row: a kill loses nothing that was acknowledged.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from infra.local.pocket.errors import ApiError
from infra.local.pocket.payloads import Draft, Payloads
from infra.local.pocket.resources import NewObject, Page, Preconditions, Query, StoredObject
from infra.local.timeline import utc_text

_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT, name TEXT, generation INTEGER, size INTEGER, crc32c TEXT, md5 TEXT,
    content_type TEXT, metadata TEXT, created TEXT, payload TEXT, deleted TEXT,
    content_encoding TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (bucket, name, generation)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS live ON object (bucket, name) WHERE deleted IS NULL;
"""
_ADD_ENCODING = "ALTER TABLE object ADD COLUMN content_encoding TEXT NOT NULL DEFAULT ''"
"""For an index of a stack that was made before objects had this column."""

_LAST = "\U0010ffff"  # no name sorts after it


class Objects:
    """Every bucket's objects, kept in `home/storage`; calls are atomic, by one lock.

    Generations are microseconds of `clock_ns`, and increase even where it does not.
    """

    def __init__(
        self, home: Path, buckets: tuple[str, ...], clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._buckets = buckets
        self._clock_ns = clock_ns
        self.payloads = Payloads(home / "storage")
        self._lock = threading.Lock()
        self._index = sqlite3.connect(home / "storage" / "index.sqlite", check_same_thread=False)
        self._index.executescript(_SCHEMA)
        columns = self._index.execute("SELECT name FROM pragma_table_info('object')")
        if ("content_encoding",) not in columns.fetchall():
            self._index.execute(_ADD_ENCODING)
        known = self._index.execute("SELECT payload FROM object")
        self.payloads.remove_all_but({payload for (payload,) in known})
        newest = self._index.execute("SELECT COALESCE(MAX(generation), 0) FROM object")
        (self._generation,) = newest.fetchone()

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def get(
        self, bucket: str, name: str, generation: int | None, preconditions: Preconditions
    ) -> StoredObject:
        """The live object, or that generation of it. Raises ApiError 404, 412, 304."""
        with self._transaction():
            found = self._find(bucket, name, generation)
        if found is None:
            raise _no_such(bucket, name, generation)
        preconditions.check(found, reading=True)
        return found

    def open(self, stored: StoredObject) -> BinaryIO:
        """The payload of an object. Raises ApiError 404 where it was erased since `get`."""
        try:
            return self.payloads.path(stored.payload).open("rb")
        except FileNotFoundError:
            raise _no_such(stored.bucket, stored.name, stored.generation) from None

    def put(
        self,
        new: NewObject,
        draft: Draft,
        preconditions: Preconditions,
        may_replace: Callable[[], None],
    ) -> StoredObject:
        """Make `draft` the live object; the old one stays a generation. Raises ApiError 400, 412.

        may_replace: called before an object is replaced; raises where the caller may not.
        """
        try:
            draft.verify(crc32c=new.crc32c, md5=new.md5)
            payload = draft.keep()
            with self._transaction():
                current = self._find(new.bucket, new.name)
                if current:
                    may_replace()
                preconditions.check(current)
                return self._insert(new, draft, payload)
        except ApiError:
            draft.discard()
            raise

    def delete(
        self, bucket: str, name: str, generation: int | None, preconditions: Preconditions
    ) -> None:
        """End the live object, or erase that generation for good. Raises ApiError 404, 412."""
        with self._transaction():
            found = self._find(bucket, name, generation)
            if found is None:
                raise _no_such(bucket, name, generation)
            preconditions.check(found)
            if generation is None:
                return self._retire(bucket, name)
            statement = "DELETE FROM object WHERE bucket = ? AND name = ? AND generation = ?"
            self._index.execute(statement, (bucket, name, generation))
        return self.payloads.path(found.payload).unlink()

    def list(self, bucket: str, query: Query) -> Page:
        """Objects by name, then generation; names with the delimiter only as `prefixes`."""
        page = Page()
        last = query.after
        with self._transaction():
            for found in self._scan(bucket, query):
                folded = _folded(found.name, query)
                if folded is None or folded not in page.prefixes[-1:]:
                    if len(page.objects) + len(page.prefixes) == query.limit:
                        page.after = last
                        break
                    page.objects.append(found) if folded is None else page.prefixes.append(folded)
                last = (found.name, found.generation)
        return page

    def expect_bucket(self, bucket: str) -> None:
        """Raise ApiError 404 where there is no such bucket."""
        if bucket not in self._buckets:
            raise ApiError(404, "notFound", "The specified bucket does not exist.")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._index:
            yield

    def _find(self, bucket: str, name: str, generation: int | None = None) -> StoredObject | None:
        query = (
            "SELECT * FROM object WHERE bucket = ? AND name = ?"
            " AND CASE WHEN ?3 IS NULL THEN deleted IS NULL ELSE generation = ?3 END"
        )
        row = self._index.execute(query, (bucket, name, generation)).fetchone()
        return StoredObject(*row) if row else None

    def _insert(self, new: NewObject, draft: Draft, payload: str) -> StoredObject:
        self._generation = max(self._generation + 1, self._clock_ns() // 1000)
        stored = StoredObject(
            bucket=new.bucket,
            name=new.name,
            generation=self._generation,
            size=draft.size,
            crc32c=draft.crc32c,
            md5=draft.md5,
            content_type=new.content_type,
            metadata=json.dumps(new.metadata),
            created=utc_text(datetime.now(UTC)),
            payload=payload,
            content_encoding=new.content_encoding,
        )
        self._retire(new.bucket, new.name)
        statement = "INSERT INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._index.execute(statement, astuple(stored))
        return stored

    def _retire(self, bucket: str, name: str) -> None:
        self._index.execute(
            "UPDATE object SET deleted = ? WHERE bucket = ? AND name = ? AND deleted IS NULL",
            (utc_text(datetime.now(UTC)), bucket, name),
        )

    def _scan(self, bucket: str, query: Query) -> Iterator[StoredObject]:
        statement = (
            "SELECT * FROM object WHERE bucket = :bucket AND name >= :start AND name < :end"
            " AND (name, generation) > (:after_name, :after_generation)"
            " AND (:versions OR deleted IS NULL) ORDER BY name, generation"
        )
        values = {
            "bucket": bucket,
            "start": max(query.prefix, query.start_offset),
            "end": min(query.prefix + _LAST, query.end_offset or _LAST),
            "after_name": query.after[0],
            "after_generation": query.after[1],
            "versions": query.versions,
        }
        return (StoredObject(*row) for row in self._index.execute(statement, values))


def _folded(name: str, query: Query) -> str | None:
    """The entry of `prefixes` that stands for `name`, if any."""
    if not query.delimiter:
        return None
    head, delimiter, _ = name[len(query.prefix) :].partition(query.delimiter)
    return query.prefix + head + delimiter if delimiter else None


def _no_such(bucket: str, name: str, generation: int | None) -> ApiError:
    which = name if generation is None else f"{name}#{generation}"
    return ApiError(404, "notFound", f"No such object: {bucket}/{which}")
