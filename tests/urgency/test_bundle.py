from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.models import put_model, registry_with, small_arrays, small_manifest
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import (
    ARRAYS,
    FORMAT,
    GOLDEN,
    Arrays,
    Bundle,
    canonical_json,
    digest,
    read_bundle,
    read_manifest,
)
from urgency.errors import CorruptObject
from urgency.registry import Registry


def stored(registry: Registry) -> MemoryStore:
    assert isinstance(registry.objects, MemoryStore)
    return registry.objects


def read_with(arrays: Arrays) -> Bundle:
    """What is read of a bundle whose digests are right, whatever its arrays are."""
    parts = {digest(body): body for body in (arrays.to_bytes(), b"[]")}
    manifest = small_manifest(1, dict(zip((ARRAYS, GOLDEN), parts, strict=True)))
    return read_bundle(manifest.to_bytes(), parts.__getitem__)


class TouchesWhenUnpickled:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_bundle_reads_back_as_written() -> None:
    registry = registry_with(1)
    bundle, arrays = registry.bundle(1), small_arrays(strength=1.1)
    assert bundle.manifest == registry.manifest(1)
    assert bundle.manifest.sha256 == registry.current_release()[1].manifest_sha256
    for name in ("feature", "idf", "coef"):
        assert np.array_equal(getattr(bundle.arrays, name), getattr(arrays, name))
    assert [sorted(golden) for golden in bundle.golden] == [["probability", "ticket"]] * 3


def test_equal_arrays_give_equal_bytes() -> None:
    one, same, other = small_arrays(), small_arrays(), small_arrays(strength=2.0)
    assert one.to_bytes() == same.to_bytes() != other.to_bytes()


def test_no_flipped_byte_of_any_stored_part_is_ever_loaded() -> None:
    registry, rng = registry_with(1), random.Random(3)
    sha256 = registry.current_release()[1].manifest_sha256
    names = [listed.name for listed in stored(registry).list("")]
    assert len(names) == 3
    flips = 0
    for name in names:
        body = stored(registry).peek(name)
        assert body
        for place in range(len(body)):
            flipped = bytearray(body)
            flipped[place] ^= 1 << rng.randrange(8)
            stored(registry).overwrite(name, bytes(flipped))
            with pytest.raises(CorruptObject):
                registry.bundle(1, sha256)
            flips += 1
        stored(registry).overwrite(name, body)
    assert flips > 2_000
    assert registry.bundle(1, sha256)


def test_a_newer_format_is_refused_by_name() -> None:
    newer = json.loads(small_manifest(1).to_bytes()) | {"format": FORMAT + 1}
    with pytest.raises(CorruptObject, match=f"format {FORMAT + 1} is newer than {FORMAT}"):
        read_manifest(canonical_json(newer))


def test_members_that_this_code_does_not_know_are_ignored() -> None:
    manifest = small_manifest(1)
    newer = json.loads(manifest.to_bytes()) | {"shadow": 0.5}
    assert read_manifest(canonical_json(newer)) == manifest


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'{"format": "1"}', b'{"format": 1}', b"\xff"]
)
def test_a_manifest_that_does_not_parse_is_corrupt(body: bytes) -> None:
    with pytest.raises(CorruptObject):
        read_manifest(body)


def test_a_missing_part_is_named() -> None:
    with pytest.raises(CorruptObject, match="no part arrays"):
        read_bundle(small_manifest(1).to_bytes(), lambda _name: b"")


def test_arrays_of_another_type_or_length_are_refused() -> None:
    good = small_arrays()
    for wrong in (
        Arrays(good.feature.astype(np.int64), good.idf, good.coef),
        Arrays(good.feature, good.idf.astype(np.float32), good.coef),
        Arrays(good.feature, good.idf[:-1], good.coef),
        Arrays(good.feature, good.idf, good.coef.reshape(-1, 1)),
    ):
        with pytest.raises(CorruptObject, match="does not hold"):
            read_with(wrong)
    assert read_with(good)


def test_pickled_arrays_are_never_unpickled(tmp_path: Path) -> None:
    good, trap = small_arrays(), TouchesWhenUnpickled(tmp_path / "touched")
    with pytest.raises(CorruptObject, match="does not parse"):
        read_with(Arrays(good.feature, np.array([trap] * good.feature.size, object), good.coef))
    assert not trap.path.exists()


def test_a_model_under_another_models_number_does_not_load_as_it() -> None:
    registry = registry_with(1)
    put_model(registry, 2, strength=3.0)
    body = registry.manifest_body(2)
    assert body
    stored(registry).overwrite("models/00000001.json", body)
    with pytest.raises(CorruptObject):
        registry.bundle(1, registry.current_release()[1].manifest_sha256)
