from __future__ import annotations

import io

from jobs.tickets.reader import Row, read_csv
from tests.support.job.csv_files import HEADER, csv_bytes, read, refusal, row


def test_headers_are_known_by_other_names_in_any_case_and_width() -> None:
    header = " ID ,Date,\uff33ub\uff4aect,Body,Channel,Customer Tier,\ufeffLABEL-Urgency"
    rows, problems = read(csv_bytes(row(1), header=header))
    [read_row] = rows
    assert (read_row.ticket_id, read_row.created_at) == ("T-1", "2025-01-31")
    assert (read_row.ticket.title, read_row.ticket.source) == ("Ticket 1", "web")
    assert read_row.ticket.customer_tier == "free"
    assert not problems


def test_a_column_under_its_own_name_comes_before_its_aliases_and_unknown_ones_may_repeat() -> None:
    body = csv_bytes("low,x,y,Title,urgent", header="Priority,Comment,Comment,title,label_urgency")
    opened = read_csv(io.BytesIO(body))
    first = next(opened.rows)
    assert opened.columns_ignored == ("Priority", "Comment", "Comment")
    assert isinstance(first, Row)
    assert first.urgent


def test_settings_may_name_further_headers() -> None:
    body = csv_bytes("Drucker,urgent", header="Betreff,label_urgency")
    first = next(read_csv(io.BytesIO(body), aliases={"betreff": "title"}).rows)
    assert isinstance(first, Row)
    assert first.ticket.title == "Drucker"


def test_headers_are_repeated_only_cut_and_on_one_line() -> None:
    reason = refusal(csv_bytes(header="x" * 60_000 + ',"a\nb"')).reason
    assert "x" * 40 + ", a b." in reason
    assert len(reason) < 300


def test_65_columns_are_refused() -> None:
    assert "65 columns; at most 64" in refusal(csv_bytes(header=HEADER + ",x" * 58)).reason


def test_an_export_with_other_columns_is_refused_with_words_that_its_owner_understands() -> None:
    header = "Issue_Id,Subject,Severity,Description,Opened"
    issue = 'Project A - 2115,Build 5.3: variable not set,3,"File: a.c, line 2693",3/25/07'
    reason = refusal(csv_bytes(issue, header=header, end="\r")).reason
    for told in (
        "no column label_urgency (urgent or non-urgent)",
        "Issue_Id, Subject, Severity, Description, Opened",
    ):
        assert told in reason
    assert "Subject would be read as title; Description would be read as description" in reason
