"""The last line of a run, from which alerts and charts are made."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from jobs.protocol.snapshots import next_snapshot
from jobs.protocol.summary import log_reconciled
from tests.support.models import put_model, registry_with, release
from urgency.logs import Log
from urgency.records import SourceFile
from urgency.registry import Registry

NOW = datetime(2026, 1, 5, 15, 4, 5, tzinfo=UTC)
FILES = (SourceFile("incoming/a.csv", 1, 1, "crc"),)


def said(registry: Registry) -> list[dict[str, Any]]:
    stream = io.StringIO()
    log_reconciled(registry, NOW, Log(stream=stream))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [
        {name: line[name] for name in line if name not in ("time", "severity")} for line in lines
    ]


def test_before_any_model_a_run_is_a_success_too() -> None:
    assert said(registry_with()) == [
        {"message": "reconciled", "n": 0, "champion": 0, "epoch": 0, "held": 0}
    ]


def test_the_age_is_that_of_the_champion_in_days() -> None:
    registry = registry_with()
    release(registry, put_model(registry, 1, created_at="2026-01-02T03:04:05Z"))
    put_model(registry, 2, created_at="2026-01-05T00:00:00Z")
    [line] = said(registry)
    assert (line["champion"], line["model_age_days"], line["held"]) == (1, 3.5, 1)


def test_nothing_is_said_while_the_newest_data_waits_for_its_model() -> None:
    registry = registry_with(1)
    registry.create_snapshot(
        replace(next_snapshot(None, FILES, "recipe", now=NOW, forced_by=None), n=2)
    )
    assert said(registry) == []


def test_versions_that_a_pin_or_a_rollback_holds_back_are_not_counted() -> None:
    registry = registry_with(1)
    later = [put_model(registry, n) for n in (2, 3)]
    assert said(registry)[0]["held"] == 2
    release(registry, later[0], pinned=True)
    assert said(registry)[0]["held"] == 0
    token, pinned = registry.current_release()
    registry.move_release(replace(pinned, epoch=9, pinned=False, floor=3), token)
    assert said(registry)[0]["held"] == 0
    put_model(registry, 4)
    assert said(registry)[0]["held"] == 1
