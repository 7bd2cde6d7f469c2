"""What is told beside the verdict, and holds no model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jobs.model.evidence import Scores
from jobs.model.findings import Finding, findings
from jobs.model.gate import judge
from tests.jobs.model.simulated import World
from tests.support.job.frames import category


def by_name(found: tuple[Finding, ...]) -> dict[str, Finding]:
    return {finding.name: finding for finding in found}


def test_a_first_model_is_told_by_its_ranking_alone() -> None:
    [ranking] = findings(World().first())
    assert ranking.name == "ranking"
    assert "its 2,000 tickets have ROC-AUC 0.9" in ranking.sentence


def test_one_label_has_no_findings() -> None:
    made = World().first()
    assert findings(replace(made, urgent=np.zeros_like(made.urgent))) == ()


def test_beside_a_champion_the_difference_and_the_least_agreeing_file_are_told() -> None:
    found = by_name(findings(World(new={"a.csv": 300, "b.csv": 300}).evidence()))
    assert {"ranking", "pr_auc_difference", "labels_of_new_files"} <= set(found)
    assert "On the same 2,100 tickets PR-AUC differs from version 3's" in (
        found["pr_auc_difference"].sentence
    )


def test_losing_the_urgent_tickets_of_one_source_is_told_and_named() -> None:
    world = World()
    source = np.where(np.arange(len(world.urgent)) % 20 == 0, "phone", "").astype(object)
    ours = world.model()
    quiet = Scores(np.where(source == "phone", 0.01, ours.probability), ours.threshold)
    evidence = replace(world.evidence(quiet, ours), slices={"source": category(source)})
    sentences = [finding.sentence for finding in findings(evidence) if finding.name == "recall"]
    assert any("(source phone) that version 3 finds" in sentence for sentence in sentences)
    assert not any("(none)" in sentence for sentence in sentences)


def test_tickets_without_a_source_are_a_slice_too() -> None:
    world = World()
    source = np.where(np.arange(len(world.urgent)) % 2 == 0, "web", "").astype(object)
    ours = world.model()
    quiet = Scores(np.where(source == "", 0.01, ours.probability), ours.threshold)
    evidence = replace(world.evidence(quiet, ours), slices={"source": category(source)})
    assert any("(source (none))" in finding.sentence for finding in findings(evidence))


def test_a_share_that_doubled_and_a_rate_that_moved_are_told_and_hold_nothing() -> None:
    world = World(new={"new.csv": 1_500})
    kept = ~world.is_new | world.urgent | (world.rng.random(len(world.urgent)) < 0.3)
    made = world.evidence()
    assert made.champion is not None
    theirs = made.champion.scores
    champion = replace(
        made.champion,
        scores=Scores(theirs.probability[kept], 0.95),
        seen=made.champion.seen[kept],
    )
    evidence = replace(
        made,
        urgent=made.urgent[kept],
        file=made.file[kept],
        ours=Scores(made.ours.probability[kept], made.ours.threshold),
        champion=champion,
    )
    assert {"share_called", "base_rate"} <= set(by_name(findings(evidence)))
    assert judge(evidence).decision == "PROMOTE"
