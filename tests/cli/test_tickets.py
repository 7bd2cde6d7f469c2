"""What a person types or points at becomes tickets."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from cli.tickets import tickets_of
from cli.usage_error import UsageError


def test_words_are_one_ticket() -> None:
    assert _tickets("Production", "down") == [{"title": "Production down"}]


@pytest.mark.parametrize(
    "body", [{"title": "x"}, {"instances": [{"title": "x"}]}, [{"title": "x"}]]
)
def test_a_json_file_holds_a_ticket_or_instances(tmp_path: Path, body: object) -> None:
    assert _tickets(_file(tmp_path, "t.json", json.dumps(body))) == [{"title": "x"}]


@pytest.mark.parametrize("text", ["{", "[]", "[1]", '"x"', '{"instances": []}'])
def test_a_json_without_tickets_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        _tickets(_file(tmp_path, "t.json", text))


def test_a_csv_has_the_columns_of_training_and_its_label_is_not_sent(tmp_path: Path) -> None:
    text = "Ticket ID,Subject,Body,tier,priority\n7,down,all of it,gold,urgent\n"
    assert _tickets(_file(tmp_path, "t.csv", text)) == [
        {"id": "7", "title": "down", "description": "all of it", "customer_tier": "gold"}
    ]


def test_a_csv_to_predict_needs_no_label(tmp_path: Path) -> None:
    assert _tickets(_file(tmp_path, "t.csv", "title\ndown\n")) == [{"title": "down"}]


def test_a_bad_row_is_left_out_by_line_and_costs_no_other(tmp_path: Path) -> None:
    skipped: list[str] = []
    file = _file(tmp_path, "t.csv", "title,description\na,b\nsecret\n , \nc,d\n")
    assert tickets_of([file], skipped.append) == [
        {"title": "a", "description": "b"},
        {"title": "c", "description": "d"},
    ]
    assert [reason[:6] for reason in skipped] == ["Line 3"]
    assert "secret" not in skipped[0]


def test_a_ticket_that_the_service_would_refuse_holds_up_no_other(tmp_path: Path) -> None:
    skipped: list[str] = []
    assert (
        len(tickets_of([_file(tmp_path, "t.csv", "title,source\na,b\n,mail\n")], skipped.append))
        == 1
    )
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


def _tickets(*words: str) -> list[dict[str, object]]:
    return tickets_of(list(words), pytest.fail)


def _file(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)
