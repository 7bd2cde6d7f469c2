"""The recipe changes with everything that decides a model, and with nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import jobs.training
from jobs.recipe import MODULES, recipe_of
from urgency.settings import read_settings

CHECKOUT = Path(__file__).parents[2]


def test_a_model_setting_changes_it_and_another_setting_does_not() -> None:
    plain = recipe_of(read_settings({}))
    elsewhere = {"URGENCY_PROJECT": "elsewhere", "URGENCY_LEASE_S": "9"}
    assert plain == recipe_of(read_settings(elsewhere))
    assert plain != recipe_of(read_settings({"URGENCY_MISSED_COST": "9"}))


DECIDE_NOTHING = {
    *("jobs.model.findings", "jobs.report.telling_words", "jobs.report.word_sets"),
    *("jobs.__init__", "jobs.protocol.crash_points", "jobs.tickets.file_report"),
    *(
        "jobs.report.card",
        "jobs.report.data_report",
        "jobs.report.figures",
        "jobs.report.model_report",
        "jobs.report.page",
        "jobs.report.plot",
        "jobs.report.shares",
    ),
    *("jobs.feature_shards", "jobs.recipe", "urgency.batch_reasons"),
    *("jobs.report.near_duplicates", "urgency.__init__", "urgency.errors"),
    *("urgency.google_errors", "urgency.logs", "urgency.messages", "urgency.records"),
    *(
        "urgency.deadlines",
        "urgency.registry",
        "urgency.settings",
        "urgency.object_streams",
        "urgency.store",
        "urgency.writes",
    ),
}
"""Modules that a training imports to report, store or carry."""


def test_every_other_module_that_a_training_imports_is_in_it() -> None:
    code = [name.removesuffix(".py") for name in MODULES if name.endswith(".py")]
    listed = {name.replace("/", ".") for name in code}
    assert imported_by(jobs.training.__name__) - DECIDE_NOTHING == listed


def imported_by(module: str) -> set[str]:
    """Our modules that `module` imports, however far down."""
    seen: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        values = vars(sys.modules[name]).values()
        owners = {str(getattr(v, "__module__", None) or getattr(v, "__name__", "")) for v in values}
        todo += [owner for owner in owners if owner.startswith(("jobs.", "urgency."))]
    return seen


def test_modules_are_there_to_be_read() -> None:
    assert all((CHECKOUT / name).is_file() for name in MODULES)
