"""Replaying: the same digests from the same snapshot, and plain words where that cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.usage_error import UsageError
from cli.verbs.replay import replay_version
from tests.cli.operator_world import World
from tests.cli.trained_world import FILE, train


@pytest.fixture(scope="module")
def trained() -> World:
    """Version 1, really trained on a few hundred tickets."""
    world = World()
    train(world, 1_200)
    return world


def test_a_version_comes_out_the_same_and_nothing_is_written(trained: World) -> None:
    stores = (trained.landing, trained.objects, trained.control)
    for store in stores:
        store.calls.clear()
    found = replay_version(trained.system, 1)
    assert found.same, found
    assert [call for store in stores for call in store.calls if call.startswith("put")] == []


def test_another_setting_is_found_in_the_digests_and_explained(trained: World) -> None:
    other = replace(trained.system, settings=replace(trained.settings, missed_cost=500.0))
    found = replay_version(other, 1)
    assert not found.same
    assert "metrics.json differs." in found.differs
    assert "recipe" in found.explanations[0]


def test_an_erased_file_is_named(trained: World) -> None:
    world = World(landing=type(trained.landing)(), objects=trained.objects, control=trained.control)
    found = replay_version(world.system, 1)
    assert not found.same
    assert [FILE in sentence for sentence in found.gone] == [True]
    assert found.differs == []


def test_a_version_that_never_was_is_refused(trained: World) -> None:
    with pytest.raises(UsageError, match="no version 9"):
        replay_version(trained.system, 9)
