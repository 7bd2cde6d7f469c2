"""The object store behind the storage API, where the API cannot bring it about."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from infra.local.pocket.objects import Objects
from infra.local.pocket.resources import NewObject, Preconditions


def test_generations_increase_even_when_the_clock_goes_back(tmp_path: Path) -> None:
    generations = []
    for clock_ns in (5_000_000, 5_000_000, 1_000):
        with closing(Objects(tmp_path, ("bucket",), lambda now=clock_ns: now)) as objects:
            generations += [_put(objects), _put(objects)]
    assert generations == [5000, 5001, 5002, 5003, 5004, 5005]


def test_a_payload_that_no_row_came_to_know_is_thrown_away(tmp_path: Path) -> None:
    with closing(Objects(tmp_path, ("bucket",))) as objects:
        _put(objects)
        objects.payloads.draft().keep()
        objects.payloads.draft()
    with closing(Objects(tmp_path, ("bucket",))):
        assert len(list((tmp_path / "storage" / "kept").iterdir())) == 1
        assert not list((tmp_path / "storage" / "drafts").iterdir())


def test_an_index_of_before_content_encodings_is_read(tmp_path: Path) -> None:
    with closing(Objects(tmp_path, ("bucket",))) as objects:
        generation = _put(objects)
    with closing(sqlite3.connect(tmp_path / "storage" / "index.sqlite")) as index:
        index.execute("ALTER TABLE object DROP COLUMN content_encoding")
    with closing(Objects(tmp_path, ("bucket",))) as objects:
        stored = objects.get("bucket", "a", generation, Preconditions())
        assert stored.content_encoding == ""
        assert _put(objects) > generation


def _put(objects: Objects) -> int:
    stored = objects.put(
        NewObject("bucket", "a"), objects.payloads.draft(), Preconditions(), lambda: None
    )
    return stored.generation
