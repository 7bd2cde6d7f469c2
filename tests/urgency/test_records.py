"""Snapshots and the release pointer: what is read is what was written, and damage is noticed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.strange_pointers import strange_pointers
from urgency.errors import CorruptObject
from urgency.records import NO_RELEASE, Release, Snapshot, SourceFile, snapshot_id

ONE, OTHER = SourceFile("incoming/a.csv", 17, 3, "AAAAAA=="), SourceFile("incoming/b.csv", 4, 9, "")
SNAPSHOT = Snapshot(
    n=3,
    id="5" * 64,
    recipe="7" * 64,
    files=(ONE, OTHER),
    nonce="ours",
    created_at="2026-01-01T00:00:00+00:00",
    cause={"added": ["incoming/b.csv"]},
    forced_by="ana@example.com",
)
RELEASE = replace(NO_RELEASE, epoch=5, champion=3, manifest_sha256="a" * 64, floor=2, pinned=True)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"epoch": 1}', b"\xff", b"null"])
def test_records_that_do_not_parse_are_corrupt(body: bytes) -> None:
    with pytest.raises(CorruptObject):
        Release.from_bytes(body)
    with pytest.raises(CorruptObject):
        Snapshot.from_bytes(body)


@pytest.mark.parametrize("release", [NO_RELEASE, replace(NO_RELEASE, epoch=4), RELEASE])
def test_a_release_reads_back_as_written(release: Release) -> None:
    assert Release.from_bytes(release.to_bytes()) == release


def test_a_snapshot_reads_back_as_written() -> None:
    assert Snapshot.from_bytes(SNAPSHOT.to_bytes()) == SNAPSHOT
    bare = replace(SNAPSHOT, files=(), forced_by=None)
    assert Snapshot.from_bytes(bare.to_bytes()) == bare


def test_equal_records_have_equal_bytes_and_a_nonce_tells_two_runs_apart() -> None:
    assert replace(SNAPSHOT).to_bytes() == SNAPSHOT.to_bytes()
    assert replace(SNAPSHOT, nonce="theirs").to_bytes() != SNAPSHOT.to_bytes()
    assert replace(RELEASE, epoch=6).to_bytes() != RELEASE.to_bytes()


def test_the_stored_pointer_names_its_champion_in_one_member_or_none() -> None:
    stored = json.loads(RELEASE.to_bytes())
    assert (stored["schema"], stored["epoch"], stored["floor"], stored["pinned"]) == (1, 5, 2, True)
    assert stored["champion"] == {"version": 3, "manifest_sha256": "a" * 64}
    assert json.loads(NO_RELEASE.to_bytes())["champion"] is None


def test_a_pointer_that_is_strange_in_any_way_is_corrupt() -> None:
    for name, body in strange_pointers(RELEASE).items():
        with pytest.raises(CorruptObject) as raised:
            Release.from_bytes(body)
        assert len(str(raised.value)) < 300, name


def test_a_newer_schema_is_refused_by_name() -> None:
    newer = strange_pointers(RELEASE)["newer schema"]
    with pytest.raises(CorruptObject, match="schema 2, newer than 1; deploy the newer service"):
        Release.from_bytes(newer)


def test_a_member_of_a_newer_pointer_is_ignored() -> None:
    newer = json.dumps(json.loads(RELEASE.to_bytes()) | {"shadow": 4}).encode()
    assert Release.from_bytes(newer) == RELEASE


def test_a_snapshots_id_depends_on_generations_and_recipe_and_not_on_the_order() -> None:
    plain = snapshot_id((ONE, OTHER), "recipe")
    assert len(plain) == 64
    assert plain == snapshot_id((OTHER, ONE), "recipe")
    changed = [
        snapshot_id((ONE,), "recipe"),
        snapshot_id((ONE, OTHER), "another"),
        *(
            snapshot_id((ONE, replace(OTHER, **change)), "recipe")
            for change in ({"name": "incoming/c.csv"}, {"generation": 5}, {"crc32c": "BBBBBB=="})
        ),
    ]
    assert len({plain, *changed}) == 6
