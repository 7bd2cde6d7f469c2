"""PROMOTE, HOLD or REJECT: each from the evidence that calls for it, with its reason in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jobs.model.gate import Champion, Evidence, Scores, judge


def probabilities(urgent: np.ndarray, strength: float, seed: int) -> np.ndarray:
    """Calibrated scores of a model whose ROC-AUC rises with `strength`; 0 is a coin."""
    rng = np.random.default_rng(seed)
    prior = np.log(urgent.mean() / (1 - urgent.mean()))
    signal = rng.normal(size=len(urgent)) + strength * urgent
    log_odds = strength * signal - strength**2 / 2 + prior
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def evidence(
    strength: float = 2.0, *, rows: int = 3_000, seed: int = 0, **changes: object
) -> Evidence:
    urgent = np.random.default_rng(seed).random(rows // 5 * 2) < 0.3
    probability = probabilities(urgent, strength, seed + 1)
    test = slice(0, rows // 5)
    made = Evidence(
        rows=rows,
        min_rows=200,
        base_rate=0.3,
        test_urgent=urgent[test],
        test=Scores(probability[test], 1 / 6),
        held_out_urgent=urgent,
        held_out=Scores(probability, 1 / 6),
    )
    return replace(made, **changes)


def champion(of: Evidence, strength: float, seed: int = 7, rows: int = 2_500) -> Champion:
    return Champion(3, rows, Scores(probabilities(of.test_urgent, strength, seed), 1 / 6))


def test_the_first_model_with_signal_is_promoted() -> None:
    verdict = judge(evidence())
    assert (verdict.decision, verdict.against) == ("PROMOTE", 0)


@pytest.mark.parametrize("seed", range(20))
def test_random_labels_are_rejected_on_every_seed(seed: int) -> None:
    verdict = judge(evidence(strength=0.0, seed=seed))
    assert verdict.decision == "REJECT"
    assert "labels right" in " ".join(verdict.reasons) or "base rate" in " ".join(verdict.reasons)


def test_a_ranking_without_true_probabilities_is_rejected() -> None:
    fine = evidence()
    too_high = Scores(fine.held_out.probability**0.1, 1 / 6)
    assert "base rate" in judge(replace(fine, held_out=too_high)).reasons[0]


def test_too_few_tickets_are_held() -> None:
    verdict = judge(evidence(rows=150))
    assert verdict.decision == "HOLD"
    assert verdict.reasons == ("There are 150 usable tickets; at least 200 are needed.",)


@pytest.mark.parametrize(("label", "word"), [(False, "urgent"), (True, "non-urgent")])
def test_one_label_only_is_held(label: bool, word: str) -> None:
    urgent = np.full(1_200, label)
    verdict = judge(evidence(held_out_urgent=urgent, test_urgent=urgent[:600]))
    assert verdict.decision == "HOLD"
    assert f"Only 0 of the tickets set aside for judging are {word}" in verdict.reasons[0]


def test_a_broken_promise_is_rejected_by_name() -> None:
    verdict = judge(evidence(broken_promises=("the probability changes with spaces",)))
    assert verdict == replace(verdict, decision="REJECT")
    assert verdict.reasons == ("It breaks a promise: the probability changes with spaces.",)


def test_a_better_candidate_is_promoted_even_on_the_same_tickets() -> None:
    ours = evidence(strength=2.5)
    verdict = judge(replace(ours, champion=champion(ours, strength=1.0), fresher=False))
    assert (verdict.decision, verdict.against) == ("PROMOTE", 3)
    assert verdict.reasons[0].startswith("It is better: on the same 600 test tickets")


def test_an_equal_candidate_is_promoted_only_when_its_tickets_are_fresher() -> None:
    ours = evidence()
    same = Champion(3, 2_500, ours.test)
    assert judge(replace(ours, champion=same, fresher=True)).decision == "PROMOTE"
    held = judge(replace(ours, champion=same, fresher=False))
    assert held.decision == "HOLD"
    assert "the tickets are the same" in held.reasons[0]


def test_the_champions_tickets_under_its_recipe_are_held_before_anything_is_compared() -> None:
    for ours in (evidence(strength=2.5), evidence(rows=150), evidence(broken_promises=("x",))):
        verdict = judge(replace(ours, champion=champion(ours, strength=1.0), repeats=True))
        assert (verdict.decision, verdict.against) == ("HOLD", 3)
        same = "The tickets are the same as version 3's, so nothing is released."
        assert verdict.reasons == (same,)


def test_a_worse_candidate_is_held() -> None:
    ours = evidence(strength=1.0)
    assert judge(replace(ours, champion=champion(ours, strength=2.5))).decision == "HOLD"


def test_a_two_points_worse_candidate_seldom_gets_through() -> None:
    promoted = 0
    for seed in range(20):
        ours = evidence(strength=1.55, seed=seed)
        theirs = champion(ours, strength=2.0, seed=seed + 500)
        verdict = judge(replace(ours, champion=theirs, fresher=False))
        promoted += verdict.decision == "PROMOTE"
    assert promoted <= 1


def test_losing_the_urgent_tickets_of_one_source_is_held_and_named() -> None:
    ours = evidence(strength=2.5)
    source = np.where(np.arange(600) % 5 == 0, "phone", "email").astype(object)
    without_phone = Scores(np.where(source == "phone", 0.01, ours.test.probability), 1 / 6)
    theirs = champion(ours, strength=2.5)
    slices = {"source": source}
    verdict = judge(replace(ours, test=without_phone, champion=theirs, slices=slices))
    assert verdict.decision == "HOLD"
    assert any("(source phone) that version 3 finds" in reason for reason in verdict.reasons)


def test_rows_under_half_of_the_champions_are_held() -> None:
    ours = evidence()
    verdict = judge(replace(ours, champion=champion(ours, 2.0, rows=7_000)))
    assert verdict.decision == "HOLD"
    assert "restore it" in verdict.reasons[0]
