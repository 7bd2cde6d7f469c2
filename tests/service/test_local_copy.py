from __future__ import annotations

from pathlib import Path

import pytest

from service.local_copy import LocalCopy
from tests.support.models import put_model, registry_with, release
from urgency.bundle import ARRAYS, GOLDEN
from urgency.errors import CorruptObject, Gone
from urgency.registry import Registry


@pytest.fixture
def registry() -> Registry:
    return registry_with(1)


@pytest.fixture
def copy(tmp_path: Path, registry: Registry) -> LocalCopy:
    copy = LocalCopy(tmp_path / "new" / "folder")
    copy.keep(registry.current_release()[1], registry)
    return copy


def test_what_was_kept_is_the_bundle_that_the_registry_holds(copy: LocalCopy, registry: Registry):
    kept, stored = copy.bundle(), registry.bundle(1)
    assert kept.manifest == stored.manifest
    assert kept.manifest.sha256 == stored.manifest.sha256
    assert kept.arrays.to_bytes() == stored.arrays.to_bytes()
    assert kept.golden == stored.golden


def test_an_empty_folder_holds_no_bundle(tmp_path: Path):
    with pytest.raises(Gone):
        LocalCopy(tmp_path).bundle()


def test_a_newer_bundle_takes_the_place_of_the_older_one_and_of_its_files(
    copy: LocalCopy, registry: Registry
):
    copy.keep(release(registry, put_model(registry, 2, strength=2.0)), registry)
    assert copy.bundle().manifest.version == 2
    assert len(list(copy.folder.iterdir())) == 4


@pytest.mark.parametrize("part", [ARRAYS, GOLDEN, "manifest", "pointer"])
def test_a_changed_byte_anywhere_is_found(copy: LocalCopy, part: str):
    bundle = copy.bundle()
    names = {"manifest": bundle.manifest.sha256, "pointer": "release.json"} | bundle.manifest.parts
    file = copy.folder / names[part]
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    with pytest.raises(CorruptObject):
        copy.bundle()


def test_another_manifest_under_the_released_ones_name_is_refused(copy: LocalCopy):
    file = copy.folder / copy.bundle().manifest.sha256
    file.write_bytes(file.read_bytes().replace(b'"threshold":0.5', b'"threshold":0.6'))
    with pytest.raises(CorruptObject, match="not the one that was released"):
        copy.bundle()


def test_a_copy_that_was_interrupted_before_its_pointer_is_the_old_one(
    copy: LocalCopy, registry: Registry
):
    newer = release(registry, put_model(registry, 2, strength=2.0))
    (copy.folder / ".release.json.half").mkdir()  # the last write fails
    with pytest.raises(OSError, match="half"):
        copy.keep(newer, registry)
    assert copy.bundle().manifest.version == 1
