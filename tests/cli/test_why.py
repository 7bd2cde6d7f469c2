"""The record of a version: from its cause to its releases."""

from __future__ import annotations

import pytest

from cli.releases import roll_back
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
