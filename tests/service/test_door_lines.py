"""Batches: CSV and JSON lines in and out, answered row by row."""

from __future__ import annotations

import csv
import io
import json
import time
from typing import Any

import pytest

from service.answers import BODY_MAX_BYTES
from service.doors.csv_rows import COLUMNS_MAX
from service.doors.door import Sent
from service.doors.lines import MEMBERS_MAX, ROWS_MAX, read_lines
from service.problems import Problem
from tests.service.problem_answer import problem_of
from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with
from tests.support.service.service import Instance

CSV, LINES = "text/csv", "application/jsonl"
TABLE = 'Betreff;Body;Priority\nProduction down;"blocked; ""now""\nhelp";P1\nThank you;;P4\n'


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2))


def ask(
    instance: Instance,
    body: str | bytes,
    media_type: str = CSV,
    accept: str = "*/*",
    query: str = "",
) -> Any:
    headers = {"Content-Type": media_type, "Accept": accept}
    return instance.http.post(f"/v1/predict{query}", data=body, headers=headers)


def table(answer: Any, separator: str = ",") -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/csv; charset=utf-8"
    return [*csv.DictReader(io.StringIO(answer.text, newline=""), delimiter=separator)]


def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def plain(instance: Instance, *tickets: dict[str, str]) -> list[dict[str, Any]]:
    answer = instance.http.post("/v1/predict", json={"instances": [*tickets]}).json
    predictions: list[dict[str, Any]] = answer["predictions"]
    return predictions


# CSV


def test_a_table_comes_back_with_its_predictions_beside(instance: Instance):
    first, second = table(ask(instance, TABLE), ";")
    assert [*first] == [
        *("Betreff", "Body", "Priority", "label", "urgent", "probability", "warnings", "error")
    ]
    assert (first["Body"], first["Priority"]) == ('blocked; "now"\nhelp', "P1")
    down, thanks = plain(
        instance,
        {"title": "Production down", "description": 'blocked; "now"\nhelp'},
        {"title": "Thank you"},
    )
    for row, one in ((first, down), (second, thanks)):
        assert (row["label"], row["urgent"]) == (one["label"], str(one["urgent"]).lower())
        assert float(row["probability"]) == one["probability"]
        assert row["error"] == row["warnings"] == ""


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_separators_line_ends_and_marks_are_read_as_they_are(
    instance: Instance, separator: str, end: str, mark: str
):
    rows = [["id", "Subject", "Via"], ["1", "Production down", "email"]]
    body = mark + end.join(map(separator.join, rows)) + end * 3
    (row,) = table(ask(instance, body.encode()), separator)
    assert (row["id"], row["Subject"], row["label"]) == ("1", "Production down", "urgent")


def test_a_bad_row_is_answered_in_place_and_the_others_are_scored(instance: Instance):
    body = (
        f"title,source\nProduction down,email\n,\nThank you\na,b,c\n{'x' * 70_000},\nThank you,\n"
    )
    rows = table(ask(instance, body))
    assert [row["label"] for row in rows] == ["urgent", "", "", "", "", "non-urgent"]
    errors = [row["error"] for row in rows]
    assert "title and description are both empty" in errors[1]
    assert errors[2].startswith("1 cells, and the header has 2")
    assert errors[3].startswith("3 cells")
    assert errors[4].startswith("/title: title has 70,000 characters")
    assert errors[0] == errors[5] == ""


def test_reasons_and_warnings_have_columns(instance: Instance):
    (row,) = table(ask(instance, "title,source\nunheard,pigeon\n", query="?explain=3"))
    assert "pigeon" in row["warnings"]
    assert "explanation" in row
    (row,) = table(ask(instance, "title,source\nunheard,email\n", query="?explain=3"))
    assert row["explanation"] == "email +0.30"


@pytest.mark.parametrize("explain", ["-1", "51", "x", "", "1e1", "0" * 9])
def test_a_number_of_reasons_that_makes_no_sense_is_refused(instance: Instance, explain: str):
    problem_of(ask(instance, TABLE, query=f"?explain={explain}"), 422)


def test_words_for_nothing_are_as_if_the_cell_were_empty(instance: Instance):
    (row,) = table(ask(instance, "title,description,source\nProduction down,N/A,NULL\n"))
    assert (
        float(row["probability"]) == plain(instance, {"title": "Production down"})[0]["probability"]
    )
    assert row["source"] == "NULL"
    assert not row["warnings"]


def test_of_two_columns_that_mean_the_same_the_one_with_text_is_read(instance: Instance):
    first, second = table(ask(instance, "subject,title\nThank you,\n,Production down\n"))
    assert (first["label"], second["label"]) == ("non-urgent", "urgent")


def test_a_tables_names_are_looked_up_once_and_not_for_every_row(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.tickets.read_others", None)
    (sent,) = read_lines(Sent(b"Betreff,Body,Via\na,b,email\n", CSV)).tickets
    assert (sent.ticket.title, sent.ticket.source) == ("a", "email")


def test_columns_of_one_name_and_of_an_earlier_answer_do_no_harm(instance: Instance):
    body = "title,note,note,label\nProduction down,a,b,non-urgent\n"
    (row,) = table(ask(instance, body))
    assert (row["note"], row["note.2"], row["label"]) == ("a", "b", "urgent")
    again = ask(instance, ask(instance, body).data)
    assert table(again) == [row]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"\n\n", 422),
        (b"colour,size\nred,3\n", 422),
        (b"title\n\xff\xfe", 400),
        ("title\nStörung".encode("utf-16"), 400),
        (b"title" + b"," * COLUMNS_MAX, 422),
        (b"," * BODY_MAX_BYTES, 422),
        (b"title\n" + b"a\n" * (ROWS_MAX + 1), 413),
    ],
)
def test_a_table_that_cannot_be_read_is_a_problem(instance: Instance, body: bytes, status: int):
    problem_of(ask(instance, body), status)


def test_a_table_without_a_header_is_not_quoted_in_the_problem(instance: Instance):
    problem = problem_of(ask(instance, "Secret of Jane Doe,email\n"), 422)
    assert "Jane" not in json.dumps(problem)
    assert "It has 2 columns." in problem["detail"]


def test_a_header_alone_gets_a_header(instance: Instance):
    assert table(ask(instance, "title\n")) == []


def test_a_quote_that_never_closes_costs_the_rows_behind_it(instance: Instance):
    body = b'title\nProduction down\n"' + b"x\n" * 200_000
    first, second = table(ask(instance, body))
    assert first["label"] == "urgent"
    assert "400,000 characters" in second["error"]


# JSON lines


@pytest.mark.parametrize("media_type", [LINES, "application/jsonlines", "application/x-ndjson"])
def test_lines_come_back_with_their_predictions(instance: Instance, media_type: str):
    sent = (URGENT_TICKET | {"id": 7}, CALM_TICKET)
    body = "\ufeff" + "\r\n\r\n".join(map(json.dumps, sent)) + "\n"
    answer = ask(instance, body, media_type)
    assert answer.content_type == media_type
    first, second = lines(answer)
    down, thanks = plain(instance, URGENT_TICKET | {"id": 7}, CALM_TICKET)
    assert first == URGENT_TICKET | down
    assert second == CALM_TICKET | thanks


def test_a_bad_line_is_answered_in_place_and_the_others_are_scored(instance: Instance):
    bad = ["{", "[]", '{"title": 3}', "{}", '{"title": "\\ud800"}', "[" * 100_000, "null", "\x00"]
    body = "\n".join(['{"title": "Production down"}', *bad, '{"subject": "Thank you"}'])
    rows = lines(ask(instance, body, LINES))
    assert [row.get("label") for row in rows] == ["urgent", *[None] * len(bad), "non-urgent"]
    assert all(row["error"] for row in rows[1:-1])
    error = "/title: must be a text or null, and is a whole number."
    assert rows[3] == {"title": 3, "error": error}
    assert rows[2]["error"] == "The line must be an object, and is a list."
    assert "error" not in rows[0]


@pytest.mark.parametrize("accept", [LINES, CSV])
def test_a_line_that_is_not_utf8_is_not_handed_back(instance: Instance, accept: str):
    body = b'{"title": "down", "note": "\xff"}\n{"title": "down"}'
    answer = ask(instance, body, LINES, accept=accept)
    assert "The line is not UTF-8." in answer.data.decode()
    assert answer.data.count(b"down") == 1


def test_reasons_of_lines_are_those_of_a_prediction(instance: Instance):
    (row,) = lines(ask(instance, json.dumps(URGENT_TICKET), LINES, query="?explain=3"))
    assert {*row["explanation"]} == {"base", "reasons", "rest"}


# Other forms of answer


def test_the_answer_has_the_form_that_is_accepted(instance: Instance):
    (row,) = lines(ask(instance, "title\nProduction down\n", accept=LINES))
    assert row["title"] == "Production down"
    assert row["urgent"] is True
    body = '{"id": 7, "title": "Production down", "tags": ["a"], "seen": null}\n{'
    first, second = table(ask(instance, body, LINES, accept=CSV))
    assert (first["id"], first["tags"], first["seen"], first["urgent"]) == (
        "7",
        '["a"]',
        "",
        "true",
    )
    assert second["error"]
    answer = ask(instance, "title\nProduction down\n,\n", accept="application/json")
    good, bad = answer.json["predictions"]
    assert good == plain(instance, {"title": "Production down"})[0]
    assert [*bad] == ["error"]
    assert answer.json["model"]["version"] == 2


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "text/html;q=.9,*/*;q=.1", "???"])
def test_without_a_form_that_there_is_the_answer_has_that_of_the_body(
    instance: Instance, accept: str
):
    assert ask(instance, "title\na\n", accept=accept).mimetype == CSV


def test_lines_of_too_many_different_members_are_no_table(instance: Instance):
    body = "\n".join(json.dumps({"title": "a", f"m{n}": 1}) for n in range(MEMBERS_MAX))
    problem_of(ask(instance, body, LINES, accept=CSV), 422)
    assert len(lines(ask(instance, body, LINES))) == MEMBERS_MAX


# What every answer carries, and what it costs


def test_batches_are_counted_and_name_the_model(instance: Instance):
    answer = ask(instance, TABLE)
    assert answer.headers["X-Model-Version"] == "2"
    http = Instance(registry_with(1)).http
    http.post("/v1/predict", data=TABLE, content_type=CSV)
    metrics = http.get("/metrics").text
    assert 'urgency_predictions_total{label="urgent"} 1' in metrics
    assert 'urgency_requests_total{route="predict",code="200"} 1' in metrics
    assert "urgency_predict_seconds_count 1" in metrics


def test_without_a_model_a_batch_is_a_503():
    answer = ask(Instance(registry_with()), TABLE)
    problem_of(answer, 503)
    assert answer.headers["Retry-After"]


def test_the_largest_body_is_answered_row_by_row(instance: Instance, record_property: Any):
    row = b"Production down again,Everybody in the office is blocked since nine,email\n"
    body = b"title,description,source\n" + row * ((BODY_MAX_BYTES - 30) // len(row))
    began = time.process_time()
    rows = table(ask(instance, body))
    seconds = time.process_time() - began
    record_property("figure", f"{len(rows):,} rows of CSV: {seconds / len(rows) * 1e6:.0f} us each")
    assert len(rows) == body.count(b"\n") - 1
    assert {row["label"] for row in rows} == {"urgent"}


def test_reading_does_not_stop_at_the_bound_of_another_reader():
    csv.field_size_limit(10)
    try:
        batch = read_lines(Sent(b"title\n" + b"a" * 100, CSV))
    finally:
        csv.field_size_limit(131_072)
    assert len(batch.tickets) == 1


def test_problems_of_a_whole_body_are_raised():
    with pytest.raises(Problem):
        read_lines(Sent(b"\xff", CSV))
