"""Following a run to its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cli.runs import Run
from cli.verbs.train import _state_at_end
from tests.cli.operator_world import NOW, FakeRuns, World

RUNNING = Run("train-1", "running", NOW, None)
FAILED = Run("train-1", "failed", NOW, 3.0)


class Stages(FakeRuns):
    """A run that is found in these stages, one after the other; the last one stays."""

    def __init__(self, *stages: Run) -> None:
        super().__init__()
        self._stages = list(stages)
        self.meanwhile: Callable[[], None] = lambda: None

    def find(self, _name: str) -> Run:
        self.meanwhile()
        return self._stages.pop(0) if len(self._stages) > 1 else self._stages[0]


def test_a_run_is_followed_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(runs=Stages(RUNNING, RUNNING, FAILED))
    assert _state_at_end(world.system, "train-1", 30, quiet=False) == "failed"
    assert capsys.readouterr().out == "It failed.\n"


def test_waiting_for_a_run_ends_when_the_time_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(runs=Stages(RUNNING))
    assert _state_at_end(world.system, "train-1", 0.01, quiet=False) == "running"
    assert capsys.readouterr().out == "It is still running.\n"


@pytest.mark.parametrize("quiet", [True, False])
def test_hops_are_shown_but_never_beside_json(
    capsys: pytest.CaptureFixture[str], *, quiet: bool
) -> None:
    runs = Stages(FAILED)
    world = World(runs=runs)
    world.drop("a.csv")
    runs.meanwhile = world.reconcile
    assert _state_at_end(world.system, "train-1", 30, quiet=quiet) == "failed"
    printed = capsys.readouterr().out
    assert printed == "" if quiet else "trained" in printed
