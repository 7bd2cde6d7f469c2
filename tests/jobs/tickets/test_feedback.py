"""What people say, read beside what helpdesks export."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.tickets.dataset import Dataset, build_dataset
from jobs.tickets.frame import frame_of
from jobs.tickets.same_tickets import tickets_digest
from jobs.tickets.split import text_hash
from tests.support.job.csv_files import csv_bytes, row
from urgency.feedback import Feedback
from urgency.records import SourceFile

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DATED = "ticket_id,updated_at,title,description,label_urgency"
A_LABEL = Feedback("T-1", "Ticket 1", "", "", "", is_urgent=True, by="ann", at=NOON)


def lines(*said: Feedback) -> bytes:
    return b"\n".join(each.to_line() for each in said)


def read(**bodies: bytes) -> Dataset:
    """Files in this order; a name that begins with `said` is one of feedback."""
    named = {
        f"feedback/{name}.jsonl" if name.startswith("said") else f"incoming/{name}.csv": body
        for name, body in bodies.items()
    }
    files = [SourceFile(name, 1, len(body), "") for name, body in named.items()]
    return build_dataset(files, lambda file: io.BytesIO(named[file.name]))


def labels(data: Dataset) -> dict[str, bool]:
    """By the ids of this file; a dataset has their hashes."""
    names = {text_hash(f"T-{number}"): f"T-{number}" for number in range(100)}
    ids = (names[one] for one in data.columns.ticket_id.tolist())
    return dict(zip(ids, data.columns.urgent.tolist(), strict=True))


def test_a_persons_label_wins_over_an_export_of_the_same_id() -> None:
    data = read(week=csv_bytes(row(1), row(2)), said=lines(A_LABEL))
    assert labels(data) == {"T-1": True, "T-2": False}
    week, said = data.reports
    assert (week.accepted, week.duplicate, said.accepted) == (1, 1, 1)
    assert said.replaced == {"incoming/week.csv": 1}


def test_it_wins_over_an_export_of_the_same_text() -> None:
    said = replace(A_LABEL, id="", description="the printer is out of toner")
    data = read(week=csv_bytes(row(1), row(2)), said=lines(said))
    assert sorted(data.columns.urgent) == [False, True]


def test_it_wins_over_an_export_that_was_updated_after_it() -> None:
    late = csv_bytes("T-1,2026-05-05,Ticket 1,x,non-urgent", header=DATED)
    other = csv_bytes("T-2,2026-05-06,Ticket 2,x,urgent", header=DATED)
    assert labels(read(late=late, other=other, said=lines(A_LABEL))) == {"T-1": True, "T-2": True}


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_people_the_later_counts_whatever_file_it_came_in(swapped: bool) -> None:
    later = lines(replace(A_LABEL, is_urgent=False, at=NOON + timedelta(hours=1)))
    both = (later, lines(A_LABEL)) if swapped else (lines(A_LABEL), later)
    data = read(week=csv_bytes(row(1), row(2, label="urgent")), said1=both[0], said2=both[1])
    assert labels(data)["T-1"] is False


def test_a_message_that_comes_again_changes_nothing() -> None:
    week = csv_bytes(row(1), row(2))
    once = read(week=week, said=lines(A_LABEL))
    often = read(week=week, said1=lines(A_LABEL, A_LABEL), said2=lines(A_LABEL))
    assert tickets_digest(once.columns) == tickets_digest(often.columns)
    first, then = (frame_of(data).drop(columns=["file", "line"]) for data in (once, often))
    assert first.equals(then)


def test_people_may_speak_of_urgent_tickets_only() -> None:
    others = csv_bytes(*(row(number) for number in range(500)), row(500, label="urgent"))
    said = [replace(A_LABEL, id=f"S-{n}", title=f"down {n}") for n in range(100)]
    _, report = read(week=others, said=lines(*said)).reports
    assert (report.status, report.accepted) == ("accepted", 100)


def test_few_words_of_a_ticket_are_the_same_ticket() -> None:
    week = csv_bytes(*(row(number, f"printer {number} is out of toner") for number in range(30)))
    said = [replace(A_LABEL, id=f"T-{number}", title=f"short {number}") for number in range(30)]
    data = read(week=week, said=lines(*said))
    assert len(data.columns) == 30
    assert data.columns.urgent.all()


def test_many_labels_of_one_ticket_do_not_cost_the_others_their_ids() -> None:
    ids = [max(number, 10) for number in range(30)]
    said = [replace(A_LABEL, id=f"T-{one}", title=f"down {one}") for one in ids]
    kept = read(week=csv_bytes(row(90)), said=lines(*said)).columns.ticket_id
    assert text_hash("T-20") in kept.tolist()


def test_texts_come_to_the_same_normal_form_as_those_that_were_predicted() -> None:
    said = replace(A_LABEL, title="<p>It&#39;s &amp;lt; down</p>", description="one\ntwo")
    [text] = read(said=lines(said)).texts.values()
    assert text.title.strip() == "It's &lt; down"
