"""What a person types or points at becomes tickets."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from cli.tickets import tickets_of
from cli.usage_error import UsageError


def test_words_are_one_ticket() -> None:
    assert _tickets("Production", "down") == [{"title": "Production down"}]


@pytest.mark.parametrize(
    "body",
    [
        {"title": "x"},
        {"instances": [{"title": "x"}]},
        [{"title": "x"}],
        {"tickets": [{"subject": "x"}]},
    ],
)
def test_a_json_file_is_read_as_training_reads_it(tmp_path: Path, body: object) -> None:
    assert _tickets(_file(tmp_path, "t.json", json.dumps(body))) == [_ticket(title="x")]


@pytest.mark.parametrize("text", ["{", "[]", "[1]", '"x"', '{"instances": []}'])
def test_a_json_without_tickets_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        _tickets(_file(tmp_path, "t.json", text))


def test_a_csv_is_read_as_training_reads_it_and_its_label_is_not_sent(tmp_path: Path) -> None:
    text = "Ticket ID,Subject,Body,tier,priority\n7,down,all of it,gold,urgent\n"
    assert _tickets(_file(tmp_path, "t.csv", text)) == [
        _ticket(id="7", title="down", description="all of it", customer_tier="gold")
    ]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("t.csv", "Betreff;Priorität\nStörung;Hoch\n".encode("cp1252")),
        ("t.tsv", "Betreff\tPriorität\nStörung\tHoch\n".encode("utf-16")),
        ("t.txt", b"Report of May\n\nTitle|Priority\nSt\xc3\xb6rung|High\n"),
        ("t.csv.gz", gzip.compress("Subject,Priority\nStörung,High\n".encode(), mtime=0)),
        ("t.jsonl", '{"subject": "Störung", "priority": "high"}\n'.encode()),
    ],
)
def test_every_kind_of_file_that_training_reads_can_be_predicted(
    tmp_path: Path, name: str, body: bytes
) -> None:
    (tmp_path / name).write_bytes(body)
    assert _tickets(str(tmp_path / name)) == [_ticket(title="Störung")]


def test_a_csv_to_predict_needs_no_label(tmp_path: Path) -> None:
    assert _tickets(_file(tmp_path, "t.csv", "title\ndown\n")) == [_ticket(title="down")]


def test_a_bad_row_is_left_out_by_line_and_costs_no_other(tmp_path: Path) -> None:
    skipped: list[str] = []
    file = _file(tmp_path, "t.csv", "title,description\na,b\nsecret\n\nc,d\n")
    assert tickets_of([file], skipped.append) == [
        _ticket(title="a", description="b"),
        _ticket(title="c", description="d"),
    ]
    assert [reason[:6] for reason in skipped] == ["Line 3"]
    assert "secret" not in skipped[0]


def test_a_ticket_that_the_service_would_refuse_holds_up_no_other(tmp_path: Path) -> None:
    skipped: list[str] = []
    file = _file(tmp_path, "t.csv", "title,source\na,b\n,mail\n")
    assert len(tickets_of([file], skipped.append)) == 1
    assert skipped == [
        "Line 3 is left out: title and description are both empty; a ticket needs one of them."
    ]


@pytest.mark.parametrize("text", ["", "number\n1\n", "title\n"])
def test_a_csv_without_tickets_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        _tickets(_file(tmp_path, "t.csv", text))


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"absent\.csv cannot be read"):
        _tickets("absent.csv")


@pytest.mark.parametrize(
    ("text", "ticket"),
    [("server down\n", {"description": "server down\n"}), ('{"title": "x"}', {"title": "x"})],
)
def test_standard_input_is_words_or_json(
    monkeypatch: pytest.MonkeyPatch, text: str, ticket: object
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert _tickets("-") == [ticket]


def _ticket(**members: str) -> dict[str, str]:
    names = ("id", "title", "description", "source", "customer_tier")
    return dict.fromkeys(names, "") | members


def _tickets(*words: str) -> list[dict[str, object]]:
    return tickets_of(list(words), pytest.fail)


def _file(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)
