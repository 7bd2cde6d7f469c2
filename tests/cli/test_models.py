"""The list of versions."""

from __future__ import annotations

from cli.verbs.models import list_models
from tests.cli.operator_world import two_versions


def test_models_are_listed_newest_first_and_the_champion_is_marked() -> None:
    world = two_versions()
    found = list_models(world.registry, 20)
    assert [(model["version"], model["verdict"], model["champion"]) for model in found] == [
        (2, "HOLD", False),
        (1, "PROMOTE", True),
    ]
    assert [model["version"] for model in list_models(world.registry, 1)] == [2]
