"""The protocol's invariants over thousands of random schedules of the real code; see
tests/simulation/world.py.

`make test` takes 2,000 faulty and 1,000 clean seeds, `make prove` ten times as many,
URGENCY_SEEDS=N says how many faulty ones (and half as many clean ones). A failure names its seed
and the command that replays it step by step.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.broken_protocol import BREAKS, CLEAN, FAULTY, Break
from tests.simulation.invariants import Violation
from tests.simulation.world import World

SEEDS = int(
    os.environ.get("URGENCY_SEEDS") or (20_000 if os.environ.get("URGENCY_PROVE") else 2_000)
)
AT_ONCE = 250
SEEDS_TO_FIND_A_BREAK = 1_000


def chunks(seeds: int) -> list[range]:
    return [range(first, min(first + AT_ONCE, seeds)) for first in range(0, seeds, AT_ONCE)]


def violation(seed: int, kind: str) -> str:
    """What is violated at a seed, or nothing."""
    try:
        World(seed, clean=kind == CLEAN).run()
    except Violation as found:
        return str(found)
    return ""


def hold(seeds: range, kind: str) -> None:
    found = {seed: text for seed in seeds if (text := violation(seed, kind))}
    told = [
        f"{text}: python -m tests.simulation.world {kind} {seed}" for seed, text in found.items()
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("seeds", chunks(SEEDS), ids=str)
def test_every_invariant_holds_whatever_fails(seeds: range) -> None:
    hold(seeds, FAULTY)


@pytest.mark.parametrize("seeds", chunks(SEEDS // 2), ids=str)
def test_every_invariant_holds_without_faults_and_without_a_sweep(seeds: range) -> None:
    hold(seeds, CLEAN)


def test_a_seed_replays_the_same_steps() -> None:
    traces = []
    for _ in range(2):
        world = World(7, clean=False)
        world.run()
        traces.append(world.trace)
    assert traces[0] == traces[1]
    assert len(traces[0]) > 100


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.promise.replace(" ", "-"))
def test_a_broken_promise_is_found_out(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broken.owner, broken.name, broken.replacement)
    found = (violation(seed, broken.world) for seed in range(SEEDS_TO_FIND_A_BREAK))
    assert any(text.startswith(f"{broken.invariant}:") for text in found)
