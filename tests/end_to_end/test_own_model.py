"""Changed model code, followed as docs/own-model.md tells it: recipe, snapshot, verdict."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.end_to_end.test_crash_points import bucket, ticket_files
from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import Cloud, cloud
from tests.support.job.job_process import job_environment, train
from urgency.registry import Registry
from urgency.scorer import verified_scorer
from urgency.store import ABSENT

CHANGES = {
    "another grid": (
        "jobs/model/choose.py",
        "C_GRID = (0.5, 2.0, 8.0, 32.0, 128.0)",
        "C_GRID = (1.0, 4.0)",
    ),
    "another feature": (
        "urgency/features.py",
        "STEM_LETTERS = 5",
        "STEM_LETTERS = 4",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_code_is_a_new_recipe_that_is_trained_and_judged_once(
    change: str, tmp_path: Path
) -> None:
    code = tmp_path / "code"
    for part in ("urgency", "jobs"):
        shutil.copytree(CHECKOUT / part, code / part, ignore=shutil.ignore_patterns("__pycache__"))
    name, before, after = CHANGES[change]
    text = (code / name).read_text()
    assert text.count(before) == 1
    with cloud(tmp_path / "cloud") as place:
        [body] = ticket_files(1)
        bucket(place, "landing", "operator").put("incoming/tickets.csv", body, ABSENT)
        environment = job_environment(place)
        for attempt in (1, 2):
            assert train(environment, code=code).returncode == 0, attempt
        (code / name).write_text(text.replace(before, after))
        for attempt in (1, 2):
            assert train(environment, code=code).returncode == 0, attempt
        _check(registry(place), after)


def _check(made: Registry, after: str) -> None:
    """Two versions of the same files: the second is judged against the first, and loads."""
    assert made.model_numbers() == [1, 2], "one version of each recipe, however often it runs"
    (first, second), files = (
        (made.manifest(n) for n in (1, 2)),
        [snapshot.files for n in (1, 2) if (snapshot := made.snapshot(n))],
    )
    assert first
    assert second
    assert files[0] == files[1]
    assert first.recipe != second.recipe
    assert first.tickets == second.tickets
    assert second.verdict.against == 1
    assert second.verdict.decision in ("PROMOTE", "HOLD")
    assert made.current_release()[1].champion == 1 + (second.verdict.decision == "PROMOTE")
    if "C_GRID" in after:
        verified_scorer(made.bundle(2))


def registry(place: Cloud) -> Registry:
    return Registry(bucket(place, "registry", "operator"), bucket(place, "control", "operator"))
