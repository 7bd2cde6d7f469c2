"""The record of a version: from its cause to its releases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.releases import roll_back
from cli.verbs import why as verb
from cli.verbs.why import version_record
from tests.cli.operator_world import OPERATOR, World, two_versions
from tests.support.models import put_model, release


@pytest.fixture
def world() -> World:
    return two_versions()


def test_a_versions_record_goes_from_its_cause_to_its_releases(world: World) -> None:
    manifest = world.registry.manifest(1)
    assert manifest is not None
    record = version_record(world.system, manifest)
    assert [file["file"] for file in record["files"]] == ["incoming/a.csv"]
    assert [each["decision"] for each in record["verdicts"]] == ["PROMOTE"]
    assert [(each["epoch"], each["champion"], each["by"]) for each in record["releases"]] == [
        (1, 1, "run-1")
    ]
    assert record["champion"]


def test_it_says_how_good_it_is_in_one_sentence_and_where_its_card_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    test = {"rows": 400.0, "base_rate": 0.3, "accuracy": 0.9, "precision": 0.8, "recall": 0.9}
    world = two_versions()
    manifest = world.registry.manifest(2)
    assert manifest is not None
    told = replace(manifest, metrics={"test": test}, cause={})
    world.objects.overwrite("models/00000002.json", told.to_bytes())
    monkeypatch.setattr(verb, "reach", lambda: world.system)
    verb.why(2)
    printed = capsys.readouterr().out
    assert "Of 100 tickets it calls 34 urgent, 27 of them are; it misses 3." in printed
    assert "urgency card 2" in printed


def test_a_version_that_never_served_has_no_release(world: World) -> None:
    manifest = world.registry.manifest(2)
    assert manifest is not None
    record = version_record(world.system, manifest)
    assert (record["releases"], record["champion"]) == ([], False)


def test_a_rollback_is_kept_with_who_and_why() -> None:
    world = World()
    for version in (1, 2):
        release(world.registry, put_model(world.registry, version))
    roll_back(world.system, 1, "two is bad")
    moves = [release for release in world.registry.past_releases() if release.epoch == 3]
    assert [(each.champion, each.pinned, each.by, each.reason) for each in moves] == [
        (1, True, OPERATOR, "two is bad")
    ]
