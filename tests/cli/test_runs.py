"""Runs of the job, asked of the pocket cloud as the operator."""

from __future__ import annotations

import pytest

from cli.runs import Runs
from tests.cli.conftest import OperatedCloud
from tests.support.waiting import eventually
from urgency.errors import Forbidden


def test_a_run_is_started_found_and_listed(here: OperatedCloud) -> None:
    runs = Runs(here.settings, "train")
    name = runs.start()
    eventually(lambda: runs.find(name).state == "succeeded")
    assert [run.name for run in runs.recent(5)] == [name]
    assert runs.find(name).seconds is not None


def test_overrides_need_a_right_that_the_operator_has_not(here: OperatedCloud) -> None:
    with pytest.raises(Forbidden, match="runWithOverrides"):
        Runs(here.settings, "train").start("train", "--force")
