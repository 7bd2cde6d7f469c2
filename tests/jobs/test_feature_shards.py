"""Training takes the shards that fit and reads the other files; a broken shard changes nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from jobs.feature_shards import FEATURES, KeptShards, ShardNames
from jobs.protocol.snapshots import list_landing
from jobs.tickets.dataset import build_dataset
from jobs.tickets.limits import LIMITS
from jobs.tickets.rules import NO_RULES, Rules
from jobs.tickets.shard import shard_of
from tests.support.job.csv_files import csv_bytes, row
from tests.support.storage.memory_store import MemoryStore
from urgency.logs import Log
from urgency.store import ABSENT

ROWS = [row(n, f"the till of room {n} is dead", ["urgent", "low"][n % 2]) for n in range(300)]


@pytest.fixture
def landing() -> MemoryStore:
    store = MemoryStore()
    for number in range(3):
        body = csv_bytes(*ROWS[100 * number : 100 * number + 100])
        store.put(f"incoming/{number}.csv", body, ABSENT)
    return store


def put_shards(landing: MemoryStore, rules: Rules = NO_RULES) -> list[str]:
    """A shard of each file, by their names."""
    made = []
    for file in list_landing(landing):
        name = ShardNames().of(file, rules)
        opened = landing.open_at(file.name, file.generation)
        landing.put(
            name, shard_of(file, lambda _file, opened=opened: opened, rules, LIMITS), ABSENT
        )
        made.append(name)
    return made


def read(landing: MemoryStore) -> tuple[str, str]:
    """What the dataset holds, and the log."""
    told = io.StringIO()
    kept = KeptShards.of(landing, Log(stream=told))
    data = build_dataset(
        list_landing(landing),
        lambda file: landing.open_at(file.name, file.generation),
        read_file=kept.read_into,
    )
    return repr((data.reports, data.words.together())), told.getvalue()


def test_shards_are_taken(landing: MemoryStore) -> None:
    before, _ = read(landing)
    put_shards(landing)
    after, log = read(landing)
    assert (after, log.count("shard_taken")) == (before, 3)


@pytest.mark.parametrize("wrong", [b"", b"PK", None])
def test_a_broken_shard_is_told_and_its_file_read(
    landing: MemoryStore, wrong: bytes | None
) -> None:
    before, _ = read(landing)
    name = put_shards(landing)[1]
    stored = landing.get(name)
    assert stored
    half = stored.body[: len(stored.body) // 2]
    landing.put(name, half if wrong is None else wrong, stored.token)
    after, log = read(landing)
    assert (after, log.count("shard_taken"), log.count("shard_refused")) == (before, 2, 1)
    assert "incoming/1.csv" in log.partition("shard_refused")[2]
    assert "till" not in log


def test_a_file_that_was_replaced_is_read_anew(landing: MemoryStore) -> None:
    put_shards(landing)
    stored = landing.get("incoming/2.csv")
    assert stored
    landing.put("incoming/2.csv", csv_bytes(*ROWS[:50]), stored.token)
    _, log = read(landing)
    assert log.count("shard_taken") == 2


def test_shards_of_other_rules_or_of_another_program_are_not_taken(landing: MemoryStore) -> None:
    [file, *_] = list_landing(landing)
    names = ShardNames()
    others = {
        names.of(file, Rules(labels={"red": True})),
        names.of(replace(file, generation=file.generation + 1), NO_RULES),
        ShardNames("another").of(file, NO_RULES),
    }
    assert len(others | {names.of(file, NO_RULES)}) == 4
    assert all(name.startswith(FEATURES) for name in others)
