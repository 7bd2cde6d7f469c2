"""models, receipts, why and status: what they tell of a system, as plain members."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cli.show import cause, emit_json
from cli.usage_error import Mistake
from cli.verbs.models import list_models
from cli.verbs.receipts import _of
from cli.verbs.rollback import roll_back
from cli.verbs.status import status_of
from cli.verbs.why import story_of
from tests.cli.operator_world import OPERATOR, World
from tests.support.models import put_model, release
from urgency.errors import Forbidden


@pytest.fixture
def world() -> World:
    """Version 1 promoted, version 2 held."""
    world = World()
    world.drop("a.csv")
    world.reconcile()
    world.drop("b.csv")
    world.reconcile(lambda _version, _champion: "HOLD")
    return world


def test_models_are_listed_newest_first_and_the_champion_is_marked(world: World) -> None:
    found = list_models(world.registry, 20)
    assert [(model["version"], model["verdict"], model["champion"]) for model in found] == [
        (2, "HOLD", False),
        (1, "PROMOTE", True),
    ]
    assert [model["version"] for model in list_models(world.registry, 1)] == [2]


def test_a_versions_story_goes_from_cause_to_adoption(world: World) -> None:
    manifest = world.registry.manifest(1)
    assert manifest is not None
    story = story_of(world.system, manifest)
    assert [file["file"] for file in story["files"]] == ["incoming/a.csv"]
    assert [each["decision"] for each in story["verdicts"]] == ["PROMOTE"]
    assert [(each["epoch"], each["champion"], each["by"]) for each in story["releases"]] == [
        (1, 1, "run-1")
    ]
    assert story["champion"]


def test_a_version_that_never_served_says_so(world: World) -> None:
    manifest = world.registry.manifest(2)
    assert manifest is not None
    story = story_of(world.system, manifest)
    assert (story["releases"], story["champion"]) == ([], False)


def test_a_story_tells_the_rollback_that_ended_it() -> None:
    world = World()
    for version in (1, 2):
        release(world.registry, put_model(world.registry, version))
    roll_back(world.system, 1, "two is bad")
    ended = [release for release in world.registry.past_releases() if release.epoch == 3]
    assert [(each.champion, each.pinned, each.by, each.reason) for each in ended] == [
        (1, True, OPERATOR, "two is bad")
    ]


def test_the_newest_receipt_of_a_name_is_found_and_no_neighbours(world: World) -> None:
    world.drop("a.csv", "a.csv.1.csv")
    world.reconcile()
    (live,) = [
        listed.generation
        for listed in world.landing.list("incoming/a.csv")
        if listed.name == "incoming/a.csv"
    ]
    assert _of(world.landing, "a.csv") == f"receipts/a.csv.{live}.json"
    with pytest.raises(Mistake, match="No receipt answers"):
        _of(world.landing, "a")


def test_status_shows_what_this_identity_may_see(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def forbidden() -> list[object]:
        raise Forbidden("no")

    system = replace(world.system, dead_letters=forbidden)  # type: ignore[arg-type]
    emit_json(status_of(system))
    shown = json.loads(capsys.readouterr().out)
    assert shown["release"]["champion"] == 1
    assert shown["snapshot"]["n"] == 2
    assert [instance["epoch"] for instance in shown["instances"]] == [1, 1]
    assert shown["dead_letters"] is None


def test_a_cause_is_told_in_words() -> None:
    members = {
        "added": {
            "count": 5,
            "names": ["incoming/a.csv", "incoming/b.csv", "incoming/c.csv", "incoming/d.csv"],
        },
        "replaced": {"count": 0, "names": []},
        "removed": {"count": 1, "names": ["incoming/z.csv"]},
        "recipe_changed": True,
        "forced": False,
    }
    assert cause(members) == "added a.csv, b.csv, c.csv and 2 more; removed z.csv; another recipe"
