"""Training on what landed: a judged manifest and its parts, from the store's bytes, unwritten."""

from __future__ import annotations

import html
import io
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobs.model.threshold import cost_threshold
from jobs.protocol.snapshots import list_landing, next_snapshot
from jobs.tickets.file_reading import ATTEMPTS, UNREADABLE
from jobs.tickets.file_report import Problem, reports_from_json
from jobs.tickets.same_tickets import tickets_digest
from jobs.tickets.split import mixed
from jobs.training import LIBRARIES, LandedTrainer
from tests.support.job.csv_files import csv_bytes
from tests.support.job.frames import CALM, URGENT, columns, frame
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import (
    ACCOUNTING,
    ARRAYS,
    CARD,
    GOLDEN,
    HONEST,
    METRICS,
    REFERENCE,
    Manifest,
    digest,
)
from urgency.errors import Gone
from urgency.logs import Log
from urgency.records import Snapshot
from urgency.registry import Registry
from urgency.scorer import verified_scorer
from urgency.settings import read_settings
from urgency.ticket import normal_ticket

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROWS = 600


def csv_of(rows: pd.DataFrame) -> bytes:
    """These tickets, dated where `rows` has a column `day`."""
    days = rows["day"] if "day" in rows else [""] * len(rows)
    labels = np.where(rows["urgent"], "urgent", "non-urgent")
    columns = (rows[name] for name in ("title", "description", "source", "customer_tier"))
    cells = zip(days, *columns, labels, strict=True)
    return csv_bytes(*("," + ",".join(row) for row in cells))


def tickets(rows: int = ROWS, **options: Any) -> bytes:
    """The tickets of `frame`."""
    return csv_of(frame(rows, **options))


@dataclass
class Workshop:
    """Landing bucket, registry and log of one trainer; `passed` are the crash points it reached."""

    settings: dict[str, str] = field(default_factory=dict)
    landing: MemoryStore = field(default_factory=MemoryStore)
    log: io.StringIO = field(default_factory=io.StringIO)
    passed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registry = Registry(MemoryStore(), MemoryStore())
        self.trainer = LandedTrainer(
            landing=self.landing,
            registry=self.registry,
            settings=read_settings(self.settings),
            execution="train-1",
            now=lambda: NOW,
            reached=self.passed.append,
            log=Log(stream=self.log),
        )

    def drop(self, name: str, body: bytes) -> None:
        self.landing.overwrite(f"incoming/{name}", body)

    def snapshot(self, forced_by: str | None = None) -> Snapshot:
        """The next snapshot, of what is in the bucket now."""
        before = self.registry.newest_snapshot()
        files = list_landing(self.landing)
        made = next_snapshot(before, files, "recipe", now=NOW, forced_by=forced_by)
        assert self.registry.create_snapshot(made)
        return made

    def train(self, champion: int = 0) -> tuple[Manifest, dict[str, bytes]]:
        return self.trainer.train(self.snapshot(), champion)

    def commit(self, champion: int = 0) -> Manifest:
        """Train and store the version."""
        manifest, parts = self.train(champion)
        for body in parts.values():
            self.registry.put_blob(body)
        return self.registry.commit(manifest)

    def facts(self, event: str) -> list[dict[str, object]]:
        lines = map(json.loads, self.log.getvalue().splitlines())
        return [line for line in lines if line["message"] == event]


@pytest.fixture(scope="module")
def first() -> tuple[Workshop, Manifest]:
    """Version 1 of 600 tickets, committed."""
    workshop = Workshop()
    workshop.drop("week1.csv", tickets())
    return workshop, workshop.commit()


def test_the_manifest_tells_where_the_model_came_from(first: tuple[Workshop, Manifest]) -> None:
    workshop, manifest = first
    snapshot = workshop.registry.snapshot(1)
    assert snapshot
    assert (manifest.version, manifest.snapshot) == (1, snapshot.id)
    assert (manifest.recipe, manifest.cause) == ("recipe", snapshot.cause)
    assert (manifest.execution, manifest.created_at) == ("train-1", NOW.isoformat())
    assert set(manifest.libraries) == set(LIBRARIES)
    assert manifest.forced_by is None
    rows = manifest.rows
    assert rows["accepted"] == rows["train"] + rows["validation"] + rows["test"] == ROWS


def test_who_forced_a_training_is_in_its_manifest() -> None:
    workshop = Workshop()
    workshop.drop("few.csv", tickets(60))
    manifest, _ = workshop.trainer.train(workshop.snapshot(forced_by="ana@example.com"), 0)
    assert manifest.forced_by == "ana@example.com"


def test_each_part_is_named_by_its_digest_and_says_what_it_should(
    first: tuple[Workshop, Manifest],
) -> None:
    workshop, manifest = first
    assert set(manifest.parts) == {ARRAYS, GOLDEN, METRICS, ACCOUNTING, CARD, HONEST, REFERENCE}
    parts = {name: workshop.registry.part(manifest, name) for name in manifest.parts}
    assert {name: digest(body) for name, body in parts.items()} == manifest.parts
    report = json.loads(parts[METRICS])
    assert report["metrics"] == manifest.metrics
    assert report["c"] > 0
    [file] = reports_from_json(parts[ACCOUNTING])
    assert (file.file, file.accepted) == ("incoming/week1.csv", ROWS)
    assert f"Version {manifest.version}".encode() in parts[CARD]


def test_a_committed_version_loads_and_tells_tickets_apart(
    first: tuple[Workshop, Manifest],
) -> None:
    workshop, _ = first
    scorer = verified_scorer(workshop.registry.bundle(1))
    urgent, calm = (
        scorer.probability(normal_ticket(words[0], " ".join(words))) for words in (URGENT, CALM)
    )
    assert urgent > 0.8
    assert calm < 0.2


def test_a_first_model_with_signal_is_promoted(first: tuple[Workshop, Manifest]) -> None:
    _, manifest = first
    assert (manifest.verdict.decision, manifest.verdict.against) == ("PROMOTE", 0)


@pytest.mark.parametrize(
    ("body", "decision"),
    [(tickets(60), "HOLD"), (tickets(1_500, signal=0.5), "REJECT"), (b"", "HOLD")],
)
def test_too_few_tickets_are_held_and_random_labels_rejected(body: bytes, decision: str) -> None:
    workshop = Workshop()
    workshop.drop("tickets.csv", body)
    assert workshop.train()[0].verdict.decision == decision


def test_training_writes_nothing() -> None:
    workshop = Workshop()
    workshop.drop("tickets.csv", tickets(100))
    snapshot = workshop.snapshot()
    stores = (workshop.landing, workshop.registry.objects, workshop.registry.control)
    before = [list(store.list("")) for store in stores]
    workshop.trainer.train(snapshot, 0)
    assert [list(store.list("")) for store in stores] == before


def test_the_same_bytes_give_the_same_model_whatever_run_trains_it() -> None:
    made = []
    for execution in ("train-1", "train-2"):
        workshop = Workshop()
        workshop.drop("tickets.csv", tickets(300))
        trainer = replace(workshop.trainer, execution=execution)
        made.append(trainer.train(workshop.snapshot(), 0))
    (one, parts), (other, other_parts) = made
    assert parts[ARRAYS] == other_parts[ARRAYS]
    assert parts[GOLDEN] == other_parts[GOLDEN]
    assert parts[METRICS] == other_parts[METRICS]
    assert (one.bias, one.weights, one.threshold) == (other.bias, other.weights, other.threshold)


def test_the_test_side_is_never_learned_from() -> None:
    plain = Workshop()
    plain.drop("tickets.csv", tickets(300))
    manifest, parts = plain.train()
    rows = frame(300)
    without = rows[~columns(rows).side.holds("test")]
    shorter = Workshop()
    shorter.drop("tickets.csv", csv_of(without))
    alone, alone_parts = shorter.train()
    assert parts[ARRAYS] == alone_parts[ARRAYS]
    learned = manifest.rows["train"] + manifest.rows["validation"]
    assert learned == alone.rows["accepted"] < manifest.rows["accepted"]


# Against a champion


@pytest.mark.parametrize(
    ("name", "body", "decision", "reason"),
    [
        ("week1.csv", tickets(), "HOLD", "The tickets are the same as version 1's"),
        ("week2.csv", csv_of(frame(ROWS).tail(1)), "HOLD", "The tickets are the same"),
        ("week2.csv", csv_of(frame(ROWS + 1).tail(1)), "PROMOTE", "Nothing has to be done"),
        ("week2.csv", tickets(seed=2, signal=0.1), "REJECT", "labels"),
    ],
    ids=["the same file again", "a known ticket", "a new ticket", "wrong labels"],
)
def test_a_challenger_is_judged_against_the_champion(
    name: str, body: bytes, decision: str, reason: str
) -> None:
    workshop = Workshop()
    workshop.drop("week1.csv", tickets())
    workshop.commit()
    workshop.drop(name, body)
    verdict = workshop.train(champion=1)[0].verdict
    assert (verdict.decision, verdict.against) == (decision, 1)
    assert reason in " ".join(verdict.reasons)


def test_the_same_tickets_in_other_bytes_release_nothing() -> None:
    """Other files, another order, other spaces: nothing new was learned."""
    workshop = Workshop()
    workshop.drop("week1.csv", tickets())
    manifest = workshop.commit()
    header, *rows = tickets().decode().splitlines()
    workshop.landing.delete("incoming/week1.csv")
    workshop.drop("one.csv", csv_bytes(*rows[300:], header=header, end="\r\n"))
    workshop.drop("two.csv", csv_bytes(*reversed(rows[:300]), header=header).replace(b" ", b"  "))
    again, _ = workshop.train(champion=1)
    assert again.tickets == manifest.tickets
    assert again.verdict.decision == "HOLD"
    assert again.verdict.reasons == (
        "The tickets are the same as version 1's, so nothing is released.",
    )


@pytest.mark.parametrize("column", ["urgent", "source", "customer_tier", "same_text"])
def test_a_change_of_one_ticket_makes_other_tickets(column: str) -> None:
    rows = frame(20)
    changed = rows.assign(**{column: rows[column].to_numpy(object)})
    others = {"urgent": not rows["urgent"][3], "same_text": 7}
    changed.loc[3, column] = others.get(column, "another")
    digest = tickets_digest(columns(rows))
    assert tickets_digest(columns(changed)) != digest
    assert tickets_digest(columns(rows[::-1])) == digest
    assert tickets_digest(columns(rows[1:])) != digest


def test_an_object_with_other_bytes_than_its_checksum_costs_itself_only() -> None:
    workshop = Workshop()
    for name, seed in (("bad.csv", 1), ("good.csv", 2), ("mapping.csv", 3)):
        workshop.drop(name, tickets(seed=seed))
    for name in ("bad.csv", "mapping.csv"):
        workshop.landing.corrupt(f"incoming/{name}")
    manifest, parts = workshop.train()
    assert (manifest.rows["accepted"], manifest.verdict.decision) == (ROWS, "PROMOTE")
    reports = {report.file: report for report in reports_from_json(parts[ACCOUNTING])}
    for name in ("bad.csv", "mapping.csv"):
        damaged = reports[f"incoming/{name}"]
        assert (damaged.status, damaged.accepted) == ("set aside", 0)
        assert damaged.problems == (Problem(1, UNREADABLE),)
    assert workshop.landing.calls.count("open incoming/bad.csv") == ATTEMPTS


def test_a_rare_source_or_tier_is_named_nowhere() -> None:
    """It may be what somebody wrote: it counts as none."""
    rows = frame(300).astype({"source": object, "customer_tier": object})
    rows.loc[0:3, "source"] = rows.loc[4:7, "customer_tier"] = "a rare cell"
    rows.loc[10:19, "source"] = "ana@example.com"
    rows.loc[20:24, "source"] = "chat"
    workshop = Workshop()
    workshop.drop("tickets.csv", csv_of(rows))
    manifest, parts = workshop.train()
    assert set(manifest.weights["source"]) <= {"email", "phone", "chat"}
    assert "chat" in manifest.weights["source"]
    for body in (manifest.to_bytes(), *parts.values()):
        assert b"a rare cell" not in body
        assert b"ana@" not in body


def test_a_stored_version_is_judged_as_it_was_at_its_training(
    first: tuple[Workshop, Manifest],
) -> None:
    workshop, manifest = first
    snapshot = workshop.registry.snapshot(1)
    assert snapshot
    assert workshop.trainer.judge(snapshot, manifest, 0) == manifest.verdict
    itself = workshop.trainer.judge(snapshot, manifest, 1)
    assert (itself.decision, itself.against) == ("HOLD", 1)


def test_the_data_report_compares_with_what_the_champion_learned_from() -> None:
    workshop = Workshop()
    workshop.drop("week1.csv", tickets())
    workshop.commit()
    workshop.drop("week1.csv", tickets(seed=3, urgent_share=0.6))
    _, parts = workshop.train(champion=1)
    assert "base_rate_shift" in {found["name"] for found in json.loads(parts[METRICS])["data"]}


# Settings


def test_validation_is_told_out_of_fold_and_train_by_the_model_itself() -> None:
    workshop = Workshop()
    workshop.drop("tickets.csv", tickets())
    metrics = workshop.train()[0].metrics
    assert metrics["train"]["pr_auc"] > max(
        metrics[side]["pr_auc"] for side in ("validation", "test")
    )
    assert metrics["validation"]["pr_auc"] == pytest.approx(metrics["test"]["pr_auc"], abs=0.1)


def test_a_champion_of_an_older_format_is_made_again_from_its_files_or_not_compared() -> None:
    workshop = Workshop()
    workshop.drop("week1.csv", tickets())
    manifest, parts = workshop.train()
    for body in parts.values():
        workshop.registry.put_blob(body)
    workshop.registry.commit(replace(manifest, format=1))
    workshop.drop("week2.csv", tickets(seed=2))
    compared = workshop.train(champion=1)[0].verdict
    assert compared.against == 1
    assert workshop.facts("champion_made_again")
    snapshot = workshop.registry.snapshot(1)
    assert snapshot
    [file] = snapshot.files
    workshop.landing.delete(file.name)
    workshop.landing.erase(file.name, file.generation)
    alone = workshop.train(champion=1)[0].verdict
    assert (alone.decision, alone.against) == ("PROMOTE", 0)
    assert workshop.facts("champion_not_compared")


def test_the_threshold_follows_the_cost_and_a_capacity_raises_it() -> None:
    def threshold(**settings: str) -> float:
        workshop = Workshop({f"URGENCY_{name}": value for name, value in settings.items()})
        rows = frame(200)
        days = pd.date_range("2025-01-01", periods=200, freq="3h").strftime("%Y-%m-%dT%H:%M:%S")
        workshop.drop("tickets.csv", csv_of(rows.assign(day=days)))
        return workshop.train()[0].threshold

    assert threshold(MISSED_COST="9") == cost_threshold(9.0)
    assert threshold(MISSED_COST="9", CAPACITY_PER_DAY="1") > cost_threshold(9.0)


def test_settings_reach_the_model() -> None:
    settings = {"URGENCY_REVIEW_BAND": "0.2-0.4", "URGENCY_COLUMN_ALIASES": "betreff=title"}
    workshop = Workshop(settings)
    workshop.drop("tickets.csv", tickets(60).replace(b"title", b"Betreff"))
    manifest, parts = workshop.train()
    assert manifest.review == (0.2, 0.4)
    [file] = reports_from_json(parts[ACCOUNTING])
    assert (file.accepted, file.columns_ignored) == (60, ())


# What an operator sees


def test_a_run_tells_what_it_read_fitted_and_judged_and_no_ticket() -> None:
    workshop = Workshop()
    workshop.drop("a.csv", tickets(100))
    workshop.drop("b.csv", csv_bytes("T-1,,secret,secret,,,?"))
    workshop.train()
    names = ("file", "accepted", "status")
    read = [tuple(fact[name] for name in names) for fact in workshop.facts("file_read")]
    assert read == [("incoming/a.csv", 100, "accepted"), ("incoming/b.csv", 0, "set aside")]
    [fitted], [judged] = workshop.facts("model_fitted"), workshop.facts("model_judged")
    assert 0 < int(str(fitted["rows"])) < 100
    assert (judged["n"], judged["decision"]) == (1, "HOLD")
    assert "secret" not in workshop.log.getvalue()
    assert workshop.passed == ["read"]


def test_a_generation_that_the_bucket_no_longer_keeps_ends_the_run() -> None:
    workshop = Workshop()
    workshop.drop("a.csv", tickets(20))
    snapshot = workshop.snapshot()
    workshop.landing.erase("incoming/a.csv", snapshot.files[0].generation)
    with pytest.raises(Gone):
        workshop.trainer.train(snapshot, 0)
    assert workshop.passed == []


MOST = 500


def three_weeks(**settings: str) -> Workshop:
    """900 tickets in three files."""
    workshop = Workshop(settings)
    for number in range(3):
        workshop.drop(f"week{number}.csv", tickets(300, seed=number))
    return workshop


def test_of_too_many_tickets_the_model_is_the_one_that_the_smallest_hashes_alone_give() -> None:
    workshop = three_weeks(URGENCY_MOST_TICKETS=str(MOST))
    manifest, parts = workshop.train()
    used = sum(manifest.rows[side] for side in ("train", "validation", "test"))
    assert MOST - 5 <= used <= MOST
    assert manifest.rows["accepted"] == 900

    every = pd.concat([frame(300, seed=number) for number in range(3)])
    hashes = mixed(every["split_key"].to_numpy())
    alone = Workshop()
    alone.drop("all.csv", csv_of(every[hashes < np.sort(hashes)[MOST]]))
    other, other_parts = alone.train()
    assert (other.parts[ARRAYS], other.parts[GOLDEN]) == (
        manifest.parts[ARRAYS],
        manifest.parts[GOLDEN],
    )
    assert other_parts[HONEST] == parts[HONEST]


def test_what_is_only_counted_is_told_in_report_and_receipts() -> None:
    manifest, parts = three_weeks(URGENCY_MOST_TICKETS=str(MOST)).train()
    told = {finding["name"]: finding for finding in json.loads(parts[METRICS])["data"]}
    used = sum(manifest.rows[side] for side in ("train", "validation", "test"))
    assert f"{used:,} of 900 tickets" in told["only_counted"]["sentence"]
    assert told["only_counted"]["sentence"] in html.unescape(parts[CARD].decode())
    files = reports_from_json(parts[ACCOUNTING])
    assert [file.accepted for file in files] == [300] * 3
    counted = [int(file.notes[0].split()[0]) for file in files]
    assert sum(counted) == 900 - used
    assert min(counted) > 60
    _, all_parts = three_weeks().train()
    assert b"only" not in all_parts[ACCOUNTING]


def test_a_model_of_some_tickets_is_judged_against_one_of_some() -> None:
    workshop = three_weeks(URGENCY_MOST_TICKETS="400")  # under half of those that landed
    workshop.commit()
    workshop.drop("week3.csv", tickets(300, seed=3))
    manifest, _ = workshop.train(champion=1)
    assert (manifest.rows["accepted"], manifest.verdict.against) == (1_200, 1)
    assert not any("deleted" in reason for reason in manifest.verdict.reasons)
    _, again = workshop.trainer.train(workshop.registry.newest_snapshot(), 1)
    assert {name: digest(body) for name, body in again.items()} == manifest.parts
