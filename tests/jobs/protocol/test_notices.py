"""What became of a version is told once, whoever dies when; and telling fails no run."""

from __future__ import annotations

import csv
import io
import json
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from google.cloud import storage

from jobs.protocol.notices import (
    KEYS_KEPT,
    TOLD,
    Outbox,
    Told,
    tell_drift,
    tell_quality,
    tell_releases,
    tell_versions,
)
from jobs.report.notices import FILES_NAMED, Links, files_notice, version_notice
from jobs.tickets.file_report import FileReport, Problem
from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import Cloud, cloud, without
from tests.support.job.job_in_memory import JobInMemory
from tests.support.job.job_process import job_environment, train
from urgency.bundle import Verdict, canonical_json
from urgency.errors import Forbidden, Unavailable
from urgency.messages import Notice
from urgency.records import NO_RELEASE
from urgency.registry import DRIFT
from urgency.store import ABSENT, CloudBucket

LINKS = Links("https://api", "docs/o.md", "landing")
NOTICE = Notice("drift-2026-01-02", "drift_moved", "It moved.", "Look.", "https://d")


class Telling:
    """A job whose notices are collected."""

    def __init__(self) -> None:
        self.job = JobInMemory()
        self.sent: list[Notice] = []
        self.refusal: Exception | None = None

    def publish(self, notice: Notice) -> None:
        if self.refusal:
            raise self.refusal
        self.sent.append(notice)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.job.control, self.publish, sleep=self.job.sleep)

    def tell(self) -> list[str]:
        """Kinds of what is told now."""
        before = len(self.sent)
        for tell in (tell_versions, tell_releases):
            tell(self.job.registry, LINKS, self.outbox)
        return [one.kind for one in self.sent[before:]]


@dataclass(frozen=True)
class Overtaken(Outbox):
    """It saw `seen` before another run wrote."""

    seen: list[tuple[int, Told]] = field(default_factory=list)

    def told(self) -> tuple[int, Told]:
        return self.seen.pop() if self.seen else super().told()


@pytest.fixture
def telling() -> Telling:
    return Telling()


def test_each_version_is_told_once(telling: Telling) -> None:
    assert telling.tell() == []
    for name, decision, kind in (
        ("a.csv", "PROMOTE", "promoted"),
        ("b.csv", "HOLD", "held"),
        ("c.csv", "REJECT", "rejected"),
    ):
        telling.job.decide = lambda _version, _champion, decision=decision: decision
        telling.job.drop(name)
        telling.job.run()
        assert (telling.tell(), telling.tell()) == ([kind], [])
    first, held, rejected = telling.sent
    assert first.text == "Version 1 was promoted and answers now."
    assert first.link == "https://api/v1/models/1/card"
    assert held.text == ("Version 2 was held back, version 1 goes on answering: The test decided.")
    assert held.link == "docs/o.md#versions-held-back"
    assert "urgency why 3" in rejected.action


def test_a_file_that_was_set_aside_is_told_with_the_version_that_was_the_first_to_read_it(
    telling: Telling,
) -> None:
    telling.job.drop("a.csv")
    telling.job.drop("scan.pdf", body=b"%PDF-1.7\x00")
    telling.job.run()
    assert telling.tell() == ["promoted", "set_aside"]
    telling.job.drop("b.csv")
    telling.job.run()
    assert telling.tell() == ["promoted"]
    aside = telling.sent[1]
    assert "incoming/scan.pdf" in aside.text
    assert aside.link.startswith("gs://landing/receipts/scan.pdf.")
    assert aside.link.removeprefix("gs://landing/") in telling.job.receipts()


def test_a_history_that_nobody_was_told_of_stays_history(telling: Telling) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        telling.job.drop(name)
        telling.job.run()
    telling.tell()
    assert [one.key for one in telling.sent] == ["promoted-3"]
    for name in ("d.csv", "e.csv"):
        telling.job.decide = lambda _version, _champion: "HOLD"
        telling.job.drop(name)
        telling.job.run()
    telling.tell()
    assert [one.key for one in telling.sent] == ["promoted-3", "version-4", "version-5"]


def test_a_version_that_a_run_is_about_to_release_waits(telling: Telling) -> None:
    telling.job.drop("a.csv")
    seen: list[list[str]] = []

    def reached(point: str) -> None:
        if point == "committed":
            seen.append(telling.tell())

    telling.job.run(reached=reached)
    assert (seen, telling.tell()) == ([[]], ["promoted"])


@pytest.mark.parametrize("error", [Forbidden("no"), Unavailable("later")])
def test_what_could_not_be_sent_is_sent_by_the_next_run(telling: Telling, error: Exception) -> None:
    telling.job.drop("a.csv")
    telling.job.run()
    telling.refusal = error
    with pytest.raises(type(error)):
        telling.tell()
    telling.refusal = None
    assert telling.tell() == ["promoted"]


def test_two_runs_at_once_forget_nothing_of_each_other(telling: Telling) -> None:
    telling.job.drop("a.csv")
    telling.job.run()
    before = telling.outbox.told()
    telling.outbox.send(NOTICE)
    control, publish = telling.job.control, telling.publish
    overtaken = Overtaken(control, publish, sleep=telling.job.sleep, seen=[before])
    overtaken.remember(key="version-1", version=1)
    assert telling.outbox.told()[1] == Told(1, ("drift-2026-01-02", "version-1"))


def test_a_key_is_told_once_and_old_ones_are_forgotten(telling: Telling) -> None:
    for number in (0, 0, *range(KEYS_KEPT)):
        telling.outbox.send(Notice(f"drift-{number}", "drift_moved", "a", "b", "c"))
    assert len(telling.sent) == KEYS_KEPT
    assert len(telling.outbox.told()[1].keys) == KEYS_KEPT
    assert telling.outbox.told()[1].version is None, "nobody looked at the versions yet"


def test_what_an_operator_stopped_is_said_and_what_to_do(telling: Telling) -> None:
    passed = Verdict("PROMOTE", ("Good.",), 3)
    pinned = replace(NO_RELEASE, champion=3, floor=6, pinned=True)
    notice = version_notice(7, passed, pinned, LINKS)
    assert notice
    assert notice.kind == "held"
    assert "urgency resume" in notice.action
    newer = replace(NO_RELEASE, champion=8)
    assert version_notice(7, passed, newer, LINKS) is None, "a newer one answers and was told"


def moved_by_ann(telling: Telling, reason: str, **changes: Any) -> None:
    """As an operator's verb writes the pointer."""
    registry = telling.job.registry
    token, release = registry.current_release()
    epoch, ann = release.epoch + 1, "ann@example.com"
    registry.move_release(replace(release, epoch=epoch, by=ann, reason=reason, **changes), token)


def test_what_people_do_with_the_pointer_is_told_once_with_who_and_why(telling: Telling) -> None:
    for name in ("a.csv", "b.csv"):
        telling.job.drop(name)
        telling.job.run()
    assert telling.tell() == ["promoted"]
    moved_by_ann(telling, "False alarms.", champion=1, pinned=True, floor=2)
    assert (telling.tell(), telling.tell()) == (["rolled_back"], [])
    moved_by_ann(telling, "", pinned=False)
    moved_by_ann(telling, "It was right.", champion=2)
    assert (telling.tell(), telling.tell()) == (["resumed", "promoted_by_person"], [])
    rolled, resumed, promoted = telling.sent[1:]
    assert rolled.text == (
        "Version 1 answers in place of version 2 and is pinned, by ann@example.com: False alarms."
    )
    assert "urgency resume" in rolled.action
    assert resumed.text == (
        "Version 1 is not pinned any more, by ann@example.com: no reason was given"
    )
    assert promoted.text == (
        "Version 2 answers now in place of version 1, by ann@example.com: It was right."
    )
    assert promoted.link == LINKS.card(2)


def test_a_version_that_was_told_as_held_by_a_pin_is_told_when_the_gate_releases_it(
    telling: Telling,
) -> None:
    telling.job.drop("a.csv")
    telling.job.run()
    telling.tell()
    moved_by_ann(telling, "Wait.", pinned=True, floor=1)
    telling.job.drop("b.csv")
    telling.job.run()
    assert telling.tell() == ["held", "rolled_back"]
    moved_by_ann(telling, "Go on.", pinned=False)
    telling.job.run()
    assert (telling.tell(), telling.tell()) == (["resumed", "promoted"], [])
    assert telling.sent[-1].text == "Version 2 was promoted and answers now in place of version 1."


def test_a_pointer_that_nobody_was_told_of_is_history(telling: Telling) -> None:
    telling.job.drop("a.csv")
    telling.job.run()
    moved_by_ann(telling, "Wait.", pinned=True, floor=1)
    tell_releases(telling.job.registry, LINKS, telling.outbox)
    assert (telling.sent, telling.outbox.told()[1].epoch) == ([], 2)


def test_what_an_older_version_of_this_code_remembered_is_read(telling: Telling) -> None:
    telling.job.drop("a.csv")
    telling.job.run()
    telling.job.control.put(TOLD, b'{"version": 1, "keys": ["version-1"]}', ABSENT)
    assert telling.tell() == []
    assert telling.outbox.told()[1] == Told(1, ("version-1",), 1)


def test_a_thousand_bad_files_are_one_notice_of_a_few_names() -> None:
    problems = (Problem(1, "it is no text."),)
    names = ["incoming/" + "x" * 900, *(f"incoming/{n}.pdf" for n in range(999))]
    bad = [FileReport(name, 1, 10, problems=problems) for name in names]
    notice = files_notice(4, bad, LINKS)
    assert notice
    assert notice.text.startswith("1000 files were set aside")
    assert notice.text.endswith(f" and {1000 - FILES_NAMED} more.")
    assert len(notice.text) < 1_500
    taken = [FileReport("incoming/a.csv", 1, 10, accepted=3, quarantined=1, problems=problems)]
    assert files_notice(4, taken, LINKS) is None


def test_a_memory_that_cannot_be_read_fails_no_run(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        control(place).put(TOLD, b"{", ABSENT)
        control(place).put(DRIFT, b'{"version": 0, "answer": "moved"}', ABSENT)
        ended = train(job_environment(place))
    assert ended.returncode == 0
    assert [json.loads(line)["message"] for line in ended.stderr.splitlines()][-1] == (
        "notices_not_sent"
    )


def test_quality_that_fell_is_told_once_for_each_version(telling: Telling) -> None:
    telling.job.drop("a.csv")
    telling.job.run()
    registry = telling.job.registry
    for state in ("kept", "fell", "fell"):
        found = {"version": 1, "state": state, "recall": {"high": 0.61}, "promised_recall": 0.8}
        registry.record_live_quality(canonical_json(found), registry.live_quality()[0])
        tell_quality(registry, LINKS, telling.outbox)
    [notice] = telling.sent
    assert (notice.key, notice.kind) == ("quality-1", "quality_fell")
    assert "at most 61%" in notice.text
    assert "below the 80%" in notice.text


def moved(version: int, *families: str, answer: str = "moved") -> bytes:
    moves = [{"family": family, "what": "..."} for family in families]
    said = "What is scored does not look like what the model was trained on: ..."
    return canonical_json({"version": version, "answer": answer, "says": said, "moves": moves})


def test_drift_that_moved_is_told_once_until_something_else_moves(telling: Telling) -> None:
    telling.job.drop("a.csv")
    telling.job.run()
    nights = (
        moved(1, answer="steady"),
        moved(9, "source"),
        moved(1, "source"),
        moved(1, "source"),
        moved(1, "words", "source"),
    )
    for night in nights:
        telling.job.control.overwrite(DRIFT, night)
        tell_drift(telling.job.registry, LINKS, telling.outbox)
    assert [one.key for one in telling.sent] == ["drift-1-source", "drift-1-source-words"]
    assert telling.sent[0].link == "docs/o.md#drift"


# Real runs


def control(place: Cloud) -> CloudBucket:
    return bucket(place, "control")


def bucket(place: Cloud, kind: str) -> CloudBucket:
    client = storage.Client(project=place.wiring.project, **place.options("operator"))
    [name] = [name for name in place.wiring.buckets if name.endswith(kind)]
    return CloudBucket(client, name, timeout_s=60)


def drop(place: Cloud, rows: int = 700) -> None:
    with (CHECKOUT / "data/tickets.csv").open(newline="") as source:
        text = io.StringIO()
        csv.writer(text).writerows(list(csv.reader(source))[: rows + 1])
    bucket(place, "landing").put("incoming/a.csv", text.getvalue().encode(), ABSENT)


def published(place: Cloud) -> int:
    return sum(line["topic"] == "notices" for line in place.hops("message_published"))


def test_where_no_topic_is_set_nothing_is_told_or_remembered(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        drop(place)
        assert train(job_environment(place) | {"URGENCY_NOTICES_TOPIC": ""}).returncode == 0
        assert (published(place), control(place).get(TOLD)) == (0, None)


def test_a_run_killed_between_telling_and_remembering_tells_it_once_more(tmp_path: Path) -> None:
    with cloud(tmp_path) as place:
        drop(place)
        environment = job_environment(place)
        killed = train(environment | {"URGENCY_CRASH_AT": "notice_published"})
        assert (killed.returncode, published(place)) == (-signal.SIGKILL, 1)
        for runs in (2, 2, 2):
            assert train(environment).returncode == 0
            assert published(place) == runs


def test_without_the_grant_a_run_ends_well_and_says_so(tmp_path: Path) -> None:
    with cloud(tmp_path, without("roles/pubsub.publisher", "topics/notices")) as place:
        drop(place)
        ended = train(job_environment(place))
    assert ended.returncode == 0
    assert "notices_not_sent" in ended.stderr
