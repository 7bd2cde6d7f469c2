from __future__ import annotations

import io
from pathlib import Path

import pytest

from service.local_copy import LocalCopy
from tests.service.faults import calls, held, outage
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import HARD_S, SOFT_S, Instance
from tests.support.waiting import eventually
from urgency.bundle import Bundle
from urgency.errors import Forbidden


def test_an_outage_keeps_serving_and_marks_answers_after_three_missed_checks():
    registry = registry_with(1)
    instance = Instance(registry)
    fault = outage(registry)
    stale = []
    for _ in range(4):
        instance.clock.advance(SOFT_S)
        answer = instance.http.post("/predict", json=URGENT_TICKET)
        assert answer.status_code == 200
        stale.append(answer.headers.get("X-Model-Stale"))
    assert stale == [None, None, "15", "20"]
    fault.error = None
    instance.clock.advance(SOFT_S)
    assert "X-Model-Stale" not in instance.http.post("/predict", json=URGENT_TICKET).headers


def test_an_outage_costs_one_try_per_soft_bound():
    registry = registry_with(1)
    instance = Instance(registry)
    outage(registry)
    instance.clock.advance(HARD_S + 1)
    before = len(calls(registry))
    for _ in range(10):
        assert instance.version() == "1"
    assert len(calls(registry)) == before + 1


def test_a_lost_grant_is_an_outage_too():
    registry = registry_with(1)
    instance = Instance(registry)
    outage(registry, Forbidden("This identity may not read release.json."))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "1"


def kept(folder: Path, *versions: int) -> Path:
    """A folder with a copy of the last of these versions."""
    registry = registry_with(*versions)
    LocalCopy(folder).keep(registry.current_release()[1], registry)
    return folder


def test_a_cold_start_without_storage_serves_the_baked_bundle(tmp_path: Path):
    registry = registry_with(1)
    fault = outage(registry)
    instance = Instance(registry, {"URGENCY_BAKED_BUNDLE": str(kept(tmp_path, 1, 2, 3))})
    assert instance.version() == "3"
    fault.error = None
    instance.clock.advance(SOFT_S)
    assert (
        instance.version() == "1"
    )  # any pointer wins, though its epoch is lower than the baked one


def test_a_cold_start_without_storage_prefers_the_disk_copy_to_the_baked_bundle(tmp_path: Path):
    environ = {
        "URGENCY_BAKED_BUNDLE": str(kept(tmp_path / "baked", 1)),
        "URGENCY_DISK_COPY": str(kept(tmp_path / "disk", 1, 2)),
    }
    registry = registry_with(3)
    outage(registry)
    assert Instance(registry, environ).version() == "2"


def test_a_start_keeps_the_released_model_though_its_local_copy_is_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("service.model_slot.START_WAIT_S", 0.01)
    registry, written = registry_with(1), io.StringIO()
    baked = LocalCopy(kept(tmp_path, 1, 2, 3)).bundle()
    with held(registry.objects, "before get models/00000001.json") as hold:

        def bundle_after_the_load(_copy: LocalCopy) -> Bundle:
            hold.released.set()
            eventually(lambda: "model_loaded" in written.getvalue())
            return baked

        monkeypatch.setattr(LocalCopy, "bundle", bundle_after_the_load)
        instance = Instance(registry, {"URGENCY_BAKED_BUNDLE": str(tmp_path)}, written=written)
        assert instance.version() == "1"


def test_a_damaged_disk_copy_is_ignored(tmp_path: Path):
    disk = kept(tmp_path / "disk", 1, 2)
    (disk / "release.json").write_bytes(b"{")
    registry = registry_with(3)
    outage(registry)
    environ = {
        "URGENCY_DISK_COPY": str(disk),
        "URGENCY_BAKED_BUNDLE": str(kept(tmp_path / "baked", 1)),
    }
    assert Instance(registry, environ).version() == "1"


def test_a_loaded_model_is_kept_on_disk_where_that_is_configured(tmp_path: Path):
    registry = registry_with(1)
    instance = Instance(registry, {"URGENCY_DISK_COPY": str(tmp_path)})
    release(registry, put_model(registry, 2, strength=2.0))
    instance.clock.advance(SOFT_S)
    assert instance.version() == "2"
    assert LocalCopy(tmp_path).bundle().manifest.version == 2


def test_a_disk_that_cannot_be_written_harms_nothing(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    instance = Instance(registry_with(1), {"URGENCY_DISK_COPY": str(file)})
    assert instance.version() == "1"
    assert instance.facts("local_copy_not_kept")


def test_a_cold_start_without_any_model_heals_with_the_first_request_after_the_outage():
    registry = registry_with(1)
    fault = outage(registry)
    instance = Instance(registry)
    assert instance.http.get("/health/ready").status_code == 503
    fault.error = None
    instance.clock.advance(SOFT_S)
    assert instance.http.get("/health/ready").status_code == 200
