"""A night's check: the answer, since when, and what is stored, logged and drawn."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.drift.run import DriftRun, serving_since
from tests.jobs.drift.observed_world import days_of, reference_of
from tests.support.html_page import Page
from tests.support.models import put_model, registry_with, release
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import REFERENCE
from urgency.errors import Forbidden, Gone
from urgency.logs import Log
from urgency.records import LabelsAsked
from urgency.reference import Reference
from urgency.registry import Registry

RELEASED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When `tests.support.models` releases."""

NOW = RELEASED + timedelta(days=12)


def night(objects: dict[str, bytes], reference: Reference | None = None) -> tuple[DriftRun, Any]:
    """A check of version 7 over these objects, and the lines that it logs."""
    registry, bucket, written = registry_with(), MemoryStore(), io.StringIO()
    manifest = put_model(registry, 7)
    if reference:
        digest = registry.put_blob(reference.to_bytes())
        manifest = replace(manifest, version=8, parts={**manifest.parts, REFERENCE: digest})
        manifest = registry.commit(manifest)
    release(registry, manifest)
    for name, body in objects.items():
        bucket.put(name, body.replace(b'"version": 7', b'"version": %d' % manifest.version), 0)
    return DriftRun(registry, bucket, Log(stream=written)), written


def test_ordinary_weeks_are_steady() -> None:
    run, _ = night(days_of(60, NOW, 11), reference_of())
    result = run.check(NOW).result
    assert result.answer == "steady"
    assert {name: window.tickets for name, window in result.windows.items()} == {
        "last day": 60,
        "last week": 420,
        "since release": 660,
    }


def test_a_move_says_what_how_much_and_since_when() -> None:
    run, _ = night(days_of(60, NOW, 11, moved_for=4), reference_of())
    drift = run.check(NOW)
    assert drift.result.answer == "moved"
    [move] = drift.result.moves
    assert move.family == "source"
    assert move.since == str((NOW - timedelta(days=4)).date())
    assert "email: 50% -> 9" in move.what or "(none): 50% -> " in move.what
    assert move.what in drift.result.says


def test_result_and_page_are_stored_by_day_and_logged() -> None:
    run, written = night(days_of(60, NOW, 11, moved_for=4), reference_of())
    drift = run.check(NOW)
    run.record(drift)
    run.record(drift)  # a second attempt of the same night
    control = run.registry.control
    names = {listed.name for listed in control.list("drift/")}
    assert names == {"drift/2026-01-14.json", "drift/2026-01-14.html", "drift/latest.json"}
    assert run.registry.latest_drift()["answer"] == "moved"
    line = json.loads(written.getvalue().splitlines()[-1])
    assert (line["message"], line["answer"], line["moved"]) == (
        "drift_checked",
        "moved",
        ["source"],
    )
    assert line["index"] > 0.1


def test_nothing_is_said_of_few_tickets_or_without_a_reference() -> None:
    run, _ = night(days_of(2, NOW, 11), reference_of())
    assert run.check(NOW).result.answer == "too few"
    run, _ = night(days_of(60, NOW, 11, moved_for=9))
    result = run.check(NOW).result
    assert (result.answer, result.moves) == ("no reference", ())
    assert "Version 7 holds no reference" in result.says


def test_the_page_needs_nothing_else_and_draws_every_family() -> None:
    run, _ = night(days_of(60, NOW, 11, moved_for=4), reference_of())
    page = Page(run.check(NOW).page)
    assert page.tags.count("figure") == 6
    assert "script" not in page.tags
    assert not {"src", "href"} & {name for name, _ in page.attributes}
    assert "Drift: moved" in page.text


def test_a_version_serves_since_the_release_that_made_it_champion() -> None:
    registry = registry_with(1)
    two = put_model(registry, 2)
    for _ in range(2):
        release(registry, two)
    assert serving_since(registry) == (2, RELEASED)
    with pytest.raises(Gone, match="No version serves yet"):
        serving_since(Registry(MemoryStore(), MemoryStore()))


def asked_on(run: DriftRun, now: datetime, written: Any) -> list[dict[str, Any]]:
    """What a night says about its asking."""
    before = len(written.getvalue())
    run.ask(run.check(now).result, now, lambda: "train-x7")
    return [json.loads(line) for line in written.getvalue()[before:].splitlines()]


def test_a_move_asks_for_labels_and_starts_a_training_once_a_week() -> None:
    run, written = night(days_of(60, NOW, 11, moved_for=4), reference_of())
    assert "urgency label" in run.check(NOW).result.says
    [line] = asked_on(run, NOW, written)
    assert (line["message"], line["severity"], line["run"]) == ("labels_asked", "INFO", "train-x7")
    assert (line["version"], line["moved"]) == (8, ["source"])
    assert run.registry.labels_asked()[1] == LabelsAsked(8, NOW)
    assert asked_on(run, NOW + timedelta(days=6, hours=23), written) == []
    assert len(asked_on(run, NOW + timedelta(days=7), written)) == 1


def test_a_week_later_it_says_what_came_of_it() -> None:
    run, written = night(days_of(60, NOW, 11, moved_for=4), reference_of())
    asked_on(run, NOW, written)
    says = run.check(NOW).result.says
    assert says.endswith(
        "asked for on 2026-01-14, and no version was released since: 'urgency label',"
        " 'urgency models'."
    )
    token, _ = run.registry.labels_asked()
    run.registry.ask_labels(LabelsAsked(7, NOW), token)
    assert "version 8 was released since" in run.check(NOW).result.says


def test_a_steady_night_asks_for_nothing_and_stores_nothing() -> None:
    run, written = night(days_of(60, NOW, 11), reference_of())
    assert asked_on(run, NOW, written) == []
    assert run.registry.labels_asked()[1] is None


def test_a_training_that_cannot_be_started_is_said_and_asked_for_all_the_same() -> None:
    run, written = night(days_of(60, NOW, 11, moved_for=4), reference_of())

    def refused() -> str:
        raise Forbidden("This identity may not start the job train.")

    run.ask(run.check(NOW).result, NOW, refused)
    line = json.loads(written.getvalue().splitlines()[-1])
    assert (line["message"], line["severity"], line["run"]) == ("labels_asked", "WARNING", "")
    assert "may not start" in line["reason"]
    assert run.registry.labels_asked()[1] == LabelsAsked(8, NOW)


def test_of_two_checks_at_once_one_asks() -> None:
    run, written = night(days_of(60, NOW, 11, moved_for=4), reference_of())
    result, started, other = run.check(NOW).result, list[str](), LabelsAsked(7, NOW)

    class Overtaken(Registry):
        def labels_asked(self) -> tuple[int, LabelsAsked | None]:
            seen = super().labels_asked()
            self.control.overwrite("drift/asked.json", other.to_bytes())
            return seen

    registry = Overtaken(run.registry.objects, run.registry.control)
    replace(run, registry=registry).ask(result, NOW, lambda: started.append("x") or "x")
    assert started == []
    assert json.loads(written.getvalue().splitlines()[-1])["message"] == "labels_asked_by_another"
    assert run.registry.labels_asked()[1] == other
