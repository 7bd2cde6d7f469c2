from __future__ import annotations

from dataclasses import replace

import pytest

from service.model_slot import BACK_OFF_MOST_S
from tests.service.faults import calls, corrupt, overwrite, overwritten_manifest
from tests.support.models import put_model, registry_with, release, small_arrays
from tests.support.service.service import SOFT_S, Instance
from urgency.bundle import ARRAYS, FORMAT, GOLDEN


@pytest.mark.parametrize("part", [ARRAYS, GOLDEN])
def test_a_corrupt_blob_is_never_loaded(part: str):
    registry = registry_with(1)
    instance = Instance(registry)
    manifest = put_model(registry, 2, strength=2.0)
    corrupt(registry, f"blobs/sha256/{manifest.parts[part]}")
    release(registry, manifest)
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert "2" in instance.facts("model_check_failed")[-1]["reason"]


def test_a_manifest_that_is_not_the_released_one_is_never_loaded():
    registry = registry_with(1)
    instance = Instance(registry)
    manifest = put_model(registry, 2, strength=2.0)
    release(registry, manifest)
    overwrite(registry, "models/00000002.json", replace(manifest, threshold=0.1).to_bytes())
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert "not the one that was released" in instance.facts("model_check_failed")[-1]["reason"]


def test_a_model_that_does_not_reproduce_its_golden_tickets_is_never_loaded():
    registry = registry_with(1)
    instance = Instance(registry)
    strange = put_model(registry, 2, strength=2.0)
    parts = strange.parts | {ARRAYS: registry.put_blob(small_arrays(2.000001).to_bytes())}
    release(registry, registry.commit(replace(strange, version=3, parts=parts)))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert "golden" in instance.facts("model_check_failed")[-1]["reason"]


def test_a_newer_format_is_refused_by_name():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, overwritten_manifest(registry, 2, format=FORMAT + 1))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert f"format {FORMAT + 1}" in instance.facts("model_check_failed")[-1]["reason"]


@pytest.mark.parametrize(
    "members", [{"weights": None}, {"bias": "high"}, {"unseen_idf": None}, {"weights": {"x": {}}}]
)
def test_a_manifest_with_members_of_another_kind_never_harms_a_request(members: dict[str, object]):
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, overwritten_manifest(registry, 2, **members))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    assert instance.facts("model_check_failed")


def test_a_refused_model_is_tried_again_after_a_back_off_and_served_once_it_is_whole():
    registry = registry_with(1)
    instance = Instance(registry)
    manifest = put_model(registry, 2, strength=2.0)
    name = f"blobs/sha256/{manifest.parts[ARRAYS]}"
    body = registry.blob(manifest.parts[ARRAYS])
    overwrite(registry, name, b"damaged")
    release(registry, manifest)

    before = calls(registry).count("get models/00000002.json")
    for _ in range(20):
        instance.clock.advance(SOFT_S)
        assert instance.version() == "1"
    assert 3 <= calls(registry).count("get models/00000002.json") - before <= 5
    overwrite(registry, name, body)
    instance.clock.advance(BACK_OFF_MOST_S)
    assert instance.version() == "2"


def test_a_refused_model_does_not_delay_the_next_one():
    registry = registry_with(1)
    instance = Instance(registry)
    release(registry, overwritten_manifest(registry, 2, weights=None))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"
    release(registry, put_model(registry, 3, strength=3.0))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "3"
