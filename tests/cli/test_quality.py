"""`urgency quality`: the serving version on the tickets that people labelled."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from itertools import islice

import pytest

from cli.usage_error import UsageError
from cli.verbs import quality as verb
from tests.cli.operator_world import NOW, World
from tests.cli.trained_world import TICKETS, train
from tests.support.models import release
from urgency.feedback import Feedback


def labelled(begin: int, count: int) -> bytes:
    """Rows of the example tickets as people would label them, one a day."""
    with TICKETS.open() as stream:
        rows = list(islice(csv.DictReader(stream), begin, begin + count))
    said = [
        Feedback(
            id=row["ticket_id"],
            title=row["title"],
            description=row["description"],
            source=row["source"],
            customer_tier=row["customer_tier"],
            is_urgent=row["label_urgency"] == "urgent",
            by="ann",
            at=NOW + timedelta(days=day),
        )
        for day, row in enumerate(rows)
    ]
    return b"\n".join(each.to_line() for each in said)


@pytest.fixture(scope="module")
def trained() -> World:
    """Version 1 of 400 lines serves; people labelled 20 tickets that it knew and 40 others."""
    world = World()
    train(world, 400)
    manifest = world.registry.manifest(1)
    assert manifest
    release(world.registry, manifest)
    world.landing.overwrite("feedback/known.jsonl", labelled(0, 20))
    world.landing.overwrite("feedback/new.jsonl", labelled(1_000, 40))
    return world


@pytest.fixture(autouse=True)
def reached(trained: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "reach", lambda: trained.system)


def test_json_has_all_numbers(trained: World, capsys: pytest.CaptureFixture[str]) -> None:
    verb.quality(as_json=True)
    found = json.loads(capsys.readouterr().out)
    manifest = trained.registry.manifest(1)
    assert manifest
    assert found["version"] == 1
    assert found["promised_recall"] == manifest.metrics["test"]["recall"]
    assert found["learned"] >= 15  # a few of the first lines say the same
    assert 35 <= found["tickets"] <= 40
    assert sum(week["tickets"] for week in found["weeks"]) == found["tickets"]
    assert found["recall"]["low"] <= found["recall"]["value"] <= found["recall"]["high"]


def test_the_table_names_each_week(capsys: pytest.CaptureFixture[str]) -> None:
    verb.quality()
    printed = capsys.readouterr().out
    assert "2026-W01" in printed
    assert "Version 1" in printed


def test_without_a_version_that_says_what_to_do(trained: World) -> None:
    with pytest.raises(UsageError, match="no version 9"):
        verb.quality(9)
    with pytest.raises(UsageError, match="No version serves yet"):
        verb.quality_of(World().system, None)
