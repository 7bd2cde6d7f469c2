"""The recipe changes with whatever decides what a model becomes, and with nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from jobs.recipe import MODULES, recipe_of
from urgency.settings import read_settings

CHECKOUT = Path(__file__).parents[2]


def test_a_model_setting_changes_it_and_another_setting_does_not() -> None:
    plain = recipe_of(read_settings({}))
    assert plain == recipe_of(
        read_settings({"URGENCY_PROJECT": "elsewhere", "URGENCY_LEASE_S": "9"})
    )
    assert plain != recipe_of(read_settings({"URGENCY_MISSED_COST": "9"}))


def test_every_module_that_decides_a_model_is_in_it() -> None:
    """Whatever the pure steps import of ours decides too, but for those that only say, store or
    carry.
    """
    import jobs.training  # noqa: F401

    decide_nothing = {
        *(
            "jobs.tickets.file_report",
            "jobs.report.card",
            "jobs.report.figures",
            "jobs.protocol.crash_points",
            "jobs.report.data_report",
            "jobs.report.near_duplicates",
            "jobs.report.model_report",
        ),
        *(
            "jobs.__init__",
            "urgency.__init__",
            "urgency.errors",
            "urgency.google_errors",
            "urgency.logs",
            "urgency.messages",
        ),
        *(
            "urgency.records",
            "urgency.registry",
            "urgency.settings",
            "urgency.store",
            "urgency.writes",
        ),
    }
    listed = {name.removesuffix(".py").replace("/", ".") for name in MODULES}
    needed = imported_by("jobs.training")
    assert needed - decide_nothing == listed


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
        owners = {
            getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in values
        }
        todo += [
            owner
            for owner in owners
            if str(owner).split(".")[0] in ("jobs", "urgency") and "." in str(owner)
        ]
    return seen


def test_modules_are_there_to_be_read() -> None:
    assert all((CHECKOUT / name).is_file() for name in MODULES)
