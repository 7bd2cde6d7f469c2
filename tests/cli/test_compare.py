"""Two versions on today's test tickets: the same rows, each number that of its version."""

from __future__ import annotations

import json

import pytest

from cli.trainer import trainer_here
from cli.usage_error import UsageError
from cli.verbs import compare as verb
from cli.verbs.compare import compare_versions
from jobs.model.metrics import metrics_of
from jobs.model.vectors import probabilities
from jobs.protocol.snapshots import list_landing
from tests.cli.operator_world import World
from tests.cli.trained_world import FILE, train
from urgency.scorer import verified_scorer


@pytest.fixture(scope="module")
def trained() -> World:
    """Version 1 learned from 250 tickets, version 2 from these and 350 more."""
    world = World()
    train(world, 250)
    train(world, 600)
    return world


def test_both_are_scored_on_the_test_tickets_of_today(trained: World) -> None:
    found = compare_versions(trained.system, 1, 2)
    tickets = trainer_here(trained.system).read(list_landing(trained.system.landing))
    test = tickets.corpus.take(~tickets.learned)
    urgent = test.urgent
    assert (found["tickets"], found["urgent"]) == (len(test), urgent.sum())
    called = {}
    for side, version in (("a", 1), ("b", 2)):
        scorer = verified_scorer(trained.registry.bundle(version))
        probability, threshold = probabilities(scorer, test), scorer.manifest.threshold
        assert found[side]["version"] == version
        assert found[side]["metrics"] == metrics_of(probability, urgent, threshold)
        called[side] = probability >= threshold
    gained, lost = called["b"] & ~called["a"], called["a"] & ~called["b"]
    assert gained.sum() + lost.sum() > 0
    assert found["changed"] == {
        "to_urgent": {"urgent": (gained & urgent).sum(), "non_urgent": (gained & ~urgent).sum()},
        "to_non_urgent": {"urgent": (lost & urgent).sum(), "non_urgent": (lost & ~urgent).sum()},
    }


def test_the_other_way_round_everything_is_turned(trained: World) -> None:
    there, back = (compare_versions(trained.system, *pair) for pair in ((1, 2), (2, 1)))
    assert there["changed"]["to_urgent"] == back["changed"]["to_non_urgent"]
    assert there["a"] == back["b"]
    assert there["pr_auc_difference"]["low"] == pytest.approx(-back["pr_auc_difference"]["high"])
    for column, slices in there["slices"].items():
        for value, each in slices.items():
            assert each == {way: back["slices"][column][value][other] for way, other in TURNED}


def test_the_difference_of_pr_auc_is_told_with_its_interval(trained: World) -> None:
    found = compare_versions(trained.system, 1, 2)
    low, middle, high = (found["pr_auc_difference"][name] for name in ("low", "middle", "high"))
    difference = found["b"]["metrics"]["pr_auc"] - found["a"]["metrics"]["pr_auc"]
    assert low < middle < high
    assert middle == pytest.approx(difference, abs=0.05)


def test_slices_are_of_the_same_tickets(trained: World) -> None:
    found = compare_versions(trained.system, 1, 2)
    for slices in found["slices"].values():
        assert sum(each["a"]["rows"] for each in slices.values()) == found["tickets"]


def test_nothing_is_written(trained: World) -> None:
    stores = (trained.landing, trained.objects, trained.control)
    for store in stores:
        store.calls.clear()
    compare_versions(trained.system, 1, 2)
    assert [call for store in stores for call in store.calls if call.startswith("put")] == []


def test_people_get_tables_and_programs_json(
    trained: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verb, "reach", lambda: trained.system)
    verb.compare(1, 2, as_json=True)
    found = json.loads(capsys.readouterr().out)
    verb.compare(1, 2)
    printed = capsys.readouterr().out
    for words in (found["a"]["in_short"], found["b"]["in_short"], "version 1", "By source"):
        assert words in printed
    assert f"{found['b']['metrics']['pr_auc']:.3f}" in printed


def test_what_cannot_be_compared_is_refused(trained: World) -> None:
    with pytest.raises(UsageError, match="name two"):
        compare_versions(trained.system, 1, 1)
    with pytest.raises(UsageError, match="urgency models"):
        compare_versions(trained.system, 1, 9)
    empty = World(objects=trained.objects, control=trained.control)
    with pytest.raises(UsageError, match="no test ticket"):
        compare_versions(empty.system, 1, 2)
    empty.landing.put(FILE, b"", 0)
    with pytest.raises(UsageError, match="no test ticket"):
        compare_versions(empty.system, 1, 2)


TURNED = (("a", "b"), ("b", "a"))
