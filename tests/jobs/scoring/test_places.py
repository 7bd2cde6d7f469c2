"""A folder is a store whose files are whole, created once, and known by their last change."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.scoring.places import Folder, Store, archive_at, output_at
from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Conflict, Gone, SettingsError
from urgency.store import ABSENT


def test_a_file_is_created_once_and_no_half_is_left(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("a/b", b"one", ABSENT)
    with pytest.raises(Conflict):
        folder.put("a/b", b"two", ABSENT)
    stored = folder.get("a/b")
    assert stored is not None
    assert stored.body == b"one"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]
    assert folder.get("a/c") is None
    assert folder.get("a/b/c") is None


def test_names_are_listed_in_order_below_a_prefix(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for name in ("b/2", "a/x", "b/1", "b.csv"):
        folder.put(name, b"x", ABSENT)
    assert [one.name for one in folder.list("b")] == ["b.csv", "b/1", "b/2"]
    assert [one.name for one in folder.list("b/", after="b/1")] == ["b/2"]
    assert list(folder.list("c/")) == []


def test_a_file_that_changed_is_gone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    generation = folder.put("a", b"0123", ABSENT)
    with folder.open_at("a", generation, 2) as stream:
        assert stream.read() == b"23"
    with pytest.raises(Gone, match="was changed after scoring began"):
        folder.open_at("a", generation + 1)


@pytest.mark.parametrize("name", ["gs://b/in/2025", "gs://b/in/2025/"])
def test_a_folder_of_a_bucket_is_all_below_it(name: str) -> None:
    store = MemoryStore()
    for one in ("in/2025/a.csv", "in/2025/b/c.csv", "in/2025.csv", "in/20255/d.csv"):
        store.put(one, b"x", ABSENT)
    store.put("in/2025/", b"", ABSENT)  # a folder as the console makes it
    below, files = archive_at(name, lambda _bucket: store)
    assert below.prefix == "in/2025/"
    assert [file.name for file in files] == ["a.csv", "b/c.csv"]


def test_one_object_is_itself() -> None:
    store = MemoryStore()
    for one in ("in/2025.csv", "in/2025.csv.old"):
        store.put(one, b"x", ABSENT)
    below, files = archive_at("gs://b/in/2025.csv", lambda _bucket: store)
    assert (below.prefix, [file.name for file in files]) == ("in/", ["2025.csv"])


def test_a_url_without_a_bucket_is_refused() -> None:
    def no_bucket(name: str) -> Store:
        raise AssertionError(name)

    with pytest.raises(SettingsError, match="names no bucket"):
        output_at("gs:///scored", no_bucket)
