"""The invariants of the protocol over thousands of random schedules; see tests/simulation/world.py.

`make test` takes 2,000 faulty and 1,000 clean seeds, `make prove` ten times as many,
URGENCY_SEEDS=N says how many faulty ones (and half as many clean ones). A failure names its seed
and the command that replays it step by step.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from tests.simulation.broken_edges import EDGES
from tests.simulation.broken_job import JOB
from tests.simulation.broken_variants import CLEAN, FAULTY, BrokenVariant
from tests.simulation.invariants import NAMES, Violation
from tests.simulation.world import World

DEFAULT_SEEDS = 20_000 if os.environ.get("URGENCY_PROVE") else 2_000
SEEDS = int(os.environ.get("URGENCY_SEEDS") or DEFAULT_SEEDS)
AT_ONCE = 250
SEEDS_TO_FIND_A_VARIANT = 1_000
EXERCISED_AT_LEAST = 0.6


def chunks(seeds: int) -> list[range]:
    return [range(first, min(first + AT_ONCE, seeds)) for first in range(0, seeds, AT_ONCE)]


CHUNKS = {FAULTY: chunks(SEEDS), CLEAN: chunks(SEEDS // 2)}


def violation(seed: int, kind: str, exercised: Callable[[set[str]], object]) -> str:
    """What is violated at a seed, or nothing; `exercised` gets the invariants put to a test."""
    world = World(seed, clean=kind == CLEAN)
    try:
        world.run()
    except Violation as found:
        return str(found)
    finally:
        exercised(world.exercised)
    return ""


@cache
def results(kind: str, seeds: range) -> tuple[dict[int, str], Counter[str]]:
    """The violations of these seeds, and how many of them exercised each invariant."""
    exercised: Counter[str] = Counter()
    texts = {seed: violation(seed, kind, exercised.update) for seed in seeds}
    return {seed: text for seed, text in texts.items() if text}, exercised


def hold(kind: str, seeds: range) -> None:
    found, _exercised = results(kind, seeds)
    replay = f"python -m tests.simulation.world {kind}"
    assert not found, "\n".join(f"{text}: {replay} {seed}" for seed, text in found.items())


@pytest.mark.parametrize("seeds", CHUNKS[FAULTY], ids=str)
def test_every_invariant_holds_whatever_fails(seeds: range) -> None:
    hold(FAULTY, seeds)


@pytest.mark.parametrize("seeds", CHUNKS[CLEAN], ids=str)
def test_every_invariant_holds_without_faults_and_without_a_sweep(seeds: range) -> None:
    hold(CLEAN, seeds)


@pytest.mark.timeout(1_800)  # run alone, it has to live through all seeds itself
def test_every_invariant_could_have_failed_at_most_seeds(
    record_property: Callable[[str, object], None],
) -> None:
    counts: dict[str, Counter[str]] = {FAULTY: Counter(), CLEAN: Counter()}
    for kind, ranges in CHUNKS.items():
        for seeds in ranges:
            counts[kind] += results(kind, seeds)[1]
    sizes = {kind: sum(map(len, ranges)) for kind, ranges in CHUNKS.items()}
    for name in NAMES:
        shares = [f"{kind} {counts[kind][name] / sizes[kind]:.0%}" for kind in CHUNKS]
        record_property("figure", f"{name} could have failed at this share of seeds: {shares}")
    both = {name: sum(count[name] for count in counts.values()) for name in NAMES}
    shares = {name: count / sum(sizes.values()) for name, count in both.items()}
    assert not {name: share for name, share in shares.items() if share < EXERCISED_AT_LEAST}


def test_a_seed_replays_the_same_steps() -> None:
    traces = []
    for _ in range(2):
        world = World(7, clean=False)
        world.run()
        traces.append(world.trace)
    assert traces[0] == traces[1]
    assert len(traces[0]) > 100


@pytest.mark.parametrize(
    "variant", [*JOB, *EDGES], ids=lambda variant: variant.promise.replace(" ", "-")
)
def test_a_broken_promise_is_found(variant: BrokenVariant, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner in filter(None, (variant.owner, variant.also)):
        monkeypatch.setattr(owner, variant.name, variant.replacement)
    seeds = range(SEEDS_TO_FIND_A_VARIANT)
    found = (violation(seed, variant.world, lambda _names: None) for seed in seeds)
    assert any(text.startswith(f"{variant.invariant}:") for text in found)
