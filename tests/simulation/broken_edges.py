"""The functions, the model slot and the operator's moves, with one promise broken."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import cli.releases
import functions.main
from functions.main import Instance
from service.model_slot import ModelSlot
from tests.simulation.broken_variants import CLEAN, FAULTY, BrokenVariant
from urgency.errors import Unavailable
from urgency.records import Release


def _acknowledge_a_failed_start(instance: Instance) -> str:
    with suppress(Unavailable):
        return _start_run(instance)
    return "none"


def _remember_first(instance: Instance) -> str:
    instance.last_run_started = instance.now()
    return instance.start_job()


def _acknowledge_any_epoch(instance: Instance, _event: Any) -> None:
    instance.reload_service()


def _adopt_any_epoch(slot: ModelSlot, release: Release) -> None:
    current = slot.current
    slot.current = current and replace(current, epoch=-1)
    try:
        _adopt(slot, release)
    finally:
        if slot.current and slot.current.epoch == -1:
            slot.current = current


def _try_again_at_once(slot: ModelSlot, manifest_sha256: str) -> None:
    _refuse(slot, manifest_sha256)
    slot._refused = replace(slot._refused, retry_at=0.0)


def _floor_of_the_listing(
    current: Release, version: int, manifest_sha256: str, versions: list[int]
) -> Release:
    release = _rolled_back(current, version, manifest_sha256, versions)
    return replace(release, floor=max(current.floor, *versions))


_start_run, _adopt, _refuse = Instance.start_run, ModelSlot._adopt, ModelSlot._refuse
_rolled_back = cli.releases.rolled_back

EDGES = (
    BrokenVariant(
        "an event whose run did not start is delivered again",
        Instance,
        "start_run",
        _acknowledge_a_failed_start,
        CLEAN,
        "I1",
    ),
    BrokenVariant(
        "a start that failed is not remembered",
        Instance,
        "start_run",
        _remember_first,
        CLEAN,
        "I1",
    ),
    BrokenVariant(
        "the clocks of storage and functions may differ",
        functions.main,
        "CLOCK_SKEW_S",
        0.0,
        CLEAN,
        "I1",
    ),
    BrokenVariant(
        "a message is acknowledged when its epoch serves",
        Instance,
        "on_model_released",
        _acknowledge_any_epoch,
        FAULTY,
        "I7",
    ),
    BrokenVariant(
        "an instance never takes a lower epoch",
        ModelSlot,
        "_adopt",
        _adopt_any_epoch,
        FAULTY,
        "I7",
    ),
    BrokenVariant(
        "a model that did not load is left alone for a while",
        ModelSlot,
        "_refuse",
        _try_again_at_once,
        FAULTY,
        "I9",
    ),
    BrokenVariant(
        "the champion is in the floor of a rollback",
        cli.releases,
        "rolled_back",
        _floor_of_the_listing,
        CLEAN,
        "I3",
    ),
)
