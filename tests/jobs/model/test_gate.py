"""PROMOTE, HOLD or REJECT: each from the evidence that calls for it, with its reason in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from jobs.model.evidence import Evidence, Scores
from jobs.model.gate import judge
from jobs.model.rules import RULES, Rule, agreement, lost_urgent, margin, old_tickets
from tests.jobs.model.simulated import World, noise


def test_the_first_model_with_signal_is_promoted() -> None:
    verdict = judge(World().first())
    assert (verdict.decision, verdict.against) == ("PROMOTE", 0)


def test_every_verdict_says_what_the_model_does_what_changed_and_what_to_do() -> None:
    does, changed, to_do = judge(World().evidence()).reasons
    assert does == "Of 100 tickets it calls 32 urgent, 24 of them are; it misses 7."
    before = "Of 100 tickets version 3 calls 33 urgent, 23 of them are; it misses 7 (PR-AUC +"
    assert changed.startswith(before)
    assert to_do.startswith("Nothing has to be done")


@pytest.mark.parametrize("seed", range(20))
def test_random_labels_are_rejected_on_every_seed(seed: int) -> None:
    world = World(seed=seed)
    verdict = judge(world.first(noise(world.urgent, seed)))
    assert verdict.decision == "REJECT"
    assert "and a coin 50 times" in verdict.reasons[1]


def test_little_evidence_of_a_signal_asks_for_a_number_of_tickets() -> None:
    world = World(old=250, new={}, seed=1)
    verdict = judge(world.first(world.model(noise=8.0)))
    assert verdict.decision == "HOLD"
    assert verdict.reasons[1] == "About 903 more urgent tickets are needed."
    assert "label" not in " ".join(verdict.reasons)


def test_few_urgent_tickets_and_a_model_that_learned_nothing_are_no_proof_of_no_signal() -> None:
    world = World(old=576, new={})
    world.urgent = world.rng.random(576) < 0.05
    constant = Scores(np.full(576, 0.05), 0.05)
    assert judge(world.first(constant)).decision == "HOLD"


def test_too_few_tickets_are_held() -> None:
    verdict = judge(World(old=150, new={}).first())
    assert verdict.decision == "HOLD"
    assert verdict.reasons[0].startswith("There are 150 usable tickets; 50 more are needed")


@pytest.mark.parametrize(("label", "word"), [(False, "urgent"), (True, "non-urgent")])
def test_one_label_only_is_held(label: bool, word: str) -> None:
    made = World().first()
    urgent = np.full(len(made.urgent), label)
    urgent[:3] = not label
    verdict = judge(replace(made, urgent=urgent))
    assert verdict.decision == "HOLD"
    assert verdict.reasons[1] == f"About 7 more {word} tickets are needed."


def test_a_broken_promise_is_rejected_by_name() -> None:
    broken = replace(World().first(), broken_promises=("the probability changes with spaces",))
    verdict = judge(broken)
    assert verdict.decision == "REJECT"
    assert verdict.reasons == ("It breaks a promise: the probability changes with spaces.",)


def test_a_ranking_without_true_probabilities_is_rejected() -> None:
    world = World()
    fine = world.model()
    verdict = judge(world.first(Scores(fine.probability**0.1, fine.threshold)))
    assert verdict.decision == "REJECT"
    assert "base rate" in verdict.reasons[1]


def test_on_the_same_tickets_only_a_better_model_is_released() -> None:
    world = World(new={})
    better, worse = world.model(0.1), world.model(1.0)
    assert judge(replace(world.evidence(better, worse), repeats=True)).decision == "PROMOTE"
    for ours, theirs in ((better, better), (worse, better)):
        verdict = judge(replace(world.evidence(ours, theirs), repeats=True))
        assert (verdict.decision, verdict.against) == ("HOLD", 3)
        same = "The tickets are the same as version 3's, so nothing is released."
        assert verdict.reasons == (same,)


def test_tickets_under_half_of_the_champions_are_held() -> None:
    made = World().evidence()
    assert made.champion is not None
    verdict = judge(replace(made, champion=replace(made.champion, rows=7_000)))
    assert verdict.decision == "HOLD"
    assert "restore it" in verdict.reasons[1]


def shuffled_labels(seed: int) -> Evidence:
    world = World(seed=seed)
    world.urgent[world.is_new] = world.rng.permutation(world.urgent[world.is_new])
    return world.evidence()


def a_third_of_the_urgent_lost(seed: int) -> Evidence:
    world = World(new={"new.csv": 1_500}, seed=seed)
    world.urgent &= ~world.is_new | (world.rng.random(len(world.urgent)) > 1 / 3)
    return world.evidence()


def worse_on_old_tickets_and_better_on_new_ones(seed: int) -> Evidence:
    world = World(new={"new.csv": 1_500}, seed=seed)
    ours, theirs = np.where(world.is_new, 0.1, 0.7), np.where(world.is_new, 0.9, 0.3)
    return world.evidence(world.model(ours), world.model(theirs))


def a_little_worse_everywhere(seed: int) -> Evidence:
    world = World(old=600, new={"new.csv": 600}, seed=seed)
    return world.evidence(world.model(np.where(world.is_new, 0.7, 0.4)))


FAULTS: dict[Rule, Callable[[int], Evidence]] = {
    agreement: shuffled_labels,
    lost_urgent: a_third_of_the_urgent_lost,
    old_tickets: worse_on_old_tickets_and_better_on_new_ones,
    margin: a_little_worse_everywhere,
}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_needed_for_a_fault_that_no_other_sees(rule: Rule) -> None:
    others = [other for other in RULES if other is not rule]
    faults = [FAULTS[rule](seed) for seed in range(6)]
    assert [judge(fault).decision for fault in faults].count("HOLD") >= 5
    assert [judge(fault, others).decision for fault in faults].count("PROMOTE") >= 5


def test_sound_tickets_are_promoted() -> None:
    worlds = [World(seed=seed) for seed in range(20)]
    verdicts = [judge(world.evidence()) for world in worlds]
    assert Counter(verdict.decision for verdict in verdicts)["PROMOTE"] >= 20


def test_among_very_many_tickets_a_difference_that_matters_to_nobody_is_none() -> None:
    world = World(old=300_000)
    before, a_trifle_worse, worse = world.model(0.3), world.model(0.32), world.model(0.4)
    assert judge(world.evidence(a_trifle_worse, before), [old_tickets]).decision == "PROMOTE"
    assert judge(world.evidence(worse, before), [old_tickets]).decision == "HOLD"


def test_wrong_labels_spread_over_many_small_files_are_seen_together() -> None:
    world = World(new={f"{day}.csv": 30 for day in range(20)})
    world.urgent ^= world.is_new & (world.rng.random(len(world.urgent)) < 0.1)
    verdict = judge(world.evidence(), [agreement])
    assert verdict.decision == "HOLD"
    assert "The labels of 0.csv to 19.csv do not go with the texts" in verdict.reasons[1]


def test_a_new_topic_of_which_the_champion_knows_little_is_let_in() -> None:
    world = World(new={"topic.csv": 500})
    world.signal -= 1.2 * (world.is_new & world.urgent)  # it is harder for both models
    unsure = world.model()
    shrunk = np.where(world.is_new, 0.1 + 0.3 * unsure.probability, unsure.probability)
    verdict = judge(world.evidence(theirs=Scores(shrunk, unsure.threshold)), [agreement])
    assert verdict.decision == "PROMOTE"


def test_the_file_whose_labels_disagree_is_named() -> None:
    world = World(new={"fine.csv": 300, "odd.csv": 300})
    odd = world.file == 2
    world.urgent[odd] = world.rng.permutation(world.urgent[odd])
    *_, changed, to_do = judge(world.evidence()).reasons
    assert "The labels of odd.csv do not go with the texts" in changed
    assert to_do.startswith("Look at the labels of odd.csv: correct them")
