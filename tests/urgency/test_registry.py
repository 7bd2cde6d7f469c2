from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.models import put_model, registry_with, release, small_manifest
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import Verdict, digest
from urgency.errors import Conflict, CorruptObject, Gone
from urgency.records import NO_RELEASE, Snapshot, SourceFile
from urgency.registry import Registry
from urgency.store import ABSENT, UNCHANGED

FILE = SourceFile("incoming/a.csv", 17, 3, "AAAAAA==")


def empty() -> Registry:
    return Registry(MemoryStore(), MemoryStore(), sleep=lambda _seconds: None)


def snapshot(n: int, nonce: str = "ours") -> Snapshot:
    return Snapshot(n, "id", "recipe", (FILE,), nonce, "2026-01-01T00:00:00+00:00", {})


def objects(registry: Registry) -> MemoryStore:
    assert isinstance(registry.objects, MemoryStore)
    return registry.objects


def test_an_empty_registry_says_so() -> None:
    registry = empty()
    assert registry.newest_snapshot() is None
    assert registry.manifest(1) is None
    assert registry.model_numbers() == []
    assert registry.current_release() == (ABSENT, NO_RELEASE)
    assert registry.notified_epoch() == (ABSENT, 0)


def test_a_snapshots_number_belongs_to_the_first() -> None:
    registry = empty()
    assert registry.create_snapshot(snapshot(1))
    assert not registry.create_snapshot(snapshot(1, nonce="theirs"))
    assert registry.newest_snapshot() == snapshot(1)


def test_the_newest_snapshot_has_the_highest_number() -> None:
    registry = empty()
    for n in (10, 9, 11, 2):
        registry.create_snapshot(snapshot(n))
    newest = registry.newest_snapshot()
    assert newest
    assert newest.n == 11


def test_the_first_commit_of_a_version_is_the_one_that_every_run_continues_with() -> None:
    registry = empty()
    first = registry.commit(small_manifest(1, execution="run-1"))
    assert registry.commit(small_manifest(1, execution="run-2")) == first == registry.manifest(1)


def test_a_blob_is_found_under_the_digest_of_its_bytes() -> None:
    registry = empty()
    name = registry.put_blob(b"arrays")
    assert name == registry.put_blob(b"arrays") == digest(b"arrays")
    assert registry.blob(name) == b"arrays"


def test_other_bytes_under_a_digest_are_never_accepted() -> None:
    registry = empty()
    objects(registry).overwrite(f"blobs/sha256/{digest(b'arrays')}", b"forged")
    with pytest.raises(CorruptObject):
        registry.put_blob(b"arrays")


def test_what_is_missing_is_named() -> None:
    registry = empty()
    with pytest.raises(Gone, match="version 7"):
        registry.bundle(7)
    assert registry.manifest(7) is None
    with pytest.raises(Gone, match="blobs/sha256/00"):
        registry.blob("00")


def test_a_version_loads_only_as_the_manifest_that_was_released() -> None:
    registry = registry_with(1)
    pointer = registry.current_release()[1]
    assert registry.bundle(1, pointer.manifest_sha256).manifest.version == 1
    with pytest.raises(CorruptObject, match="not the one that was released"):
        registry.bundle(1, "0" * 64)


def test_later_verdicts_are_kept_beside_the_first_and_the_newest_champions_is_the_last() -> None:
    registry = empty()
    manifest = put_model(registry, 12, verdict=Verdict("HOLD", (), 8))
    assert registry.last_verdict(manifest) == manifest.verdict
    for against in (9, 10):
        assert registry.verdict(manifest, against) is None
        registry.record_verdict(12, Verdict("PROMOTE", (str(against),), against))
    registry.record_verdict(12, Verdict("REJECT", ("a later one",), 9))
    assert registry.verdict(manifest, 8) == manifest.verdict
    assert registry.verdict(manifest, 9) == Verdict("PROMOTE", ("9",), 9)
    assert registry.last_verdict(manifest) == Verdict("PROMOTE", ("10",), 10)


def test_the_pointer_moves_only_from_what_was_read() -> None:
    registry = registry_with(1, 2)
    token, current = registry.current_release()
    registry.move_release(replace(current, epoch=3), token)
    with pytest.raises(Conflict):
        registry.move_release(replace(current, epoch=3, by="another"), token)
    assert registry.current_release()[1].by == current.by


def test_an_unmoved_pointer_is_not_read_again() -> None:
    registry = registry_with(1)
    token, _ = registry.current_release()
    assert registry.release_if_changed(token) is UNCHANGED


def test_the_notified_epoch_is_kept_by_compare_and_swap() -> None:
    registry = empty()
    registry.record_notified(1, ABSENT)
    token, epoch = registry.notified_epoch()
    assert epoch == 1
    with pytest.raises(Conflict):
        registry.record_notified(2, ABSENT)
    registry.record_notified(2, token)
    assert registry.notified_epoch()[1] == 2


def test_every_release_is_kept_in_order_of_its_epoch_todays_included() -> None:
    registry = registry_with(1, 2, 3)
    first = registry.manifest(1)
    assert first
    release(registry, first, pinned=True)
    kept = registry.past_releases()
    assert [past.epoch for past in kept] == [1, 2, 3, 4]
    assert [past.champion for past in kept] == [1, 2, 3, 1]
    assert kept[-1] == registry.current_release()[1]


def test_a_release_that_the_bucket_erases_while_they_are_read_is_left_out() -> None:
    registry = registry_with(1, 2, 3)
    control = registry.control
    assert isinstance(control, MemoryStore)
    oldest = min(found.generation for found in control.generations("release.json"))

    def erase_it(when: str) -> None:
        if when == "before open release.json":
            control.fault = lambda _when: None
            control.erase("release.json", oldest)

    control.fault = erase_it
    assert [past.epoch for past in registry.past_releases()] == [2, 3]


def test_before_the_first_release_there_are_no_past_ones() -> None:
    assert empty().past_releases() == []
