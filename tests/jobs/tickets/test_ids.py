"""Ids count where they tell tickets apart, and nowhere else."""

from __future__ import annotations

import pytest

from jobs.tickets.columns import NO_ID
from jobs.tickets.ids import own_ids
from tests.support.job.csv_files import csv_bytes, dataset, row

WORDS = ["red", "blue", "green", "black", "white", "grey", "brown", "pink", "gold", "silver"]


def week(letter: str, rows: int = 40) -> bytes:
    return csv_bytes(
        *(line(n, f"{letter}{n} {letter * 3} {WORDS[n % 10]}{letter}") for n in range(rows))
    )


def line(number: int, text: str, label: str = "") -> str:
    return f"{number},,,{text},web,free,{label or ('urgent' if number % 3 else 'low')}"


@pytest.mark.parametrize("word", ["NULL", "N/A", "none", "nan", "-", "#N/A", "undefined", ""])
def test_null_words_are_no_ids(word: str) -> None:
    rows = [
        row(0, f"text {n}", "urgent" if n % 2 else "low").replace("T-0", word) for n in range(9)
    ]
    assert dataset(csv_bytes(*rows)).columns.ticket_id.tolist() == [NO_ID] * 9


@pytest.mark.parametrize("number", ["1.23E+15", "1,5e+12", "7E12"])
def test_scientific_notation_is_no_id(number: str) -> None:
    assert own_ids([number, "T-1", "1e"]) == ["", "T-1", "1e"]


def test_a_nearly_constant_column_holds_no_ids() -> None:
    many = ["project-7"] * 3 + [f"T-{n}" for n in range(17)]
    assert own_ids(many) == [""] * 20
    assert own_ids([*many[1:], "T-99"])[0] == "project-7"
    assert own_ids(["a"] * 19) == ["a"] * 19


def test_row_numbers_keep_both_files_and_the_receipts_say_so() -> None:
    data = dataset(week("q"), week("z"))
    assert len(data.columns) == 80
    assert set(data.columns.ticket_id) == {NO_ID}
    for told in data.reports:
        assert told.accepted == 40
        assert "row numbers" in told.notes[0]


def test_a_third_file_whose_ids_identify_keeps_them() -> None:
    third = csv_bytes(*(row(n, f"text {n}", "urgent" if n % 3 else "low") for n in range(20)))
    data = dataset(week("q"), week("z"), third)
    assert data.reports[2].notes == ()
    assert (data.columns.ticket_id != NO_ID).sum() == 20


def test_an_edited_ticket_is_the_same_ticket() -> None:
    text = "the printer on the second floor is out of toner again"
    old = csv_bytes(*(line(n, f"{text} room {n}") for n in range(30)))
    new = csv_bytes(*(line(n, f"{text} room {n} please") for n in range(30)))
    data = dataset(old, new)
    assert len(data.columns) == 30
    assert [(told.accepted, told.duplicate) for told in data.reports] == [(0, 30), (30, 0)]
    assert data.reports[1].replaced == {"incoming/0.csv": 30}


def test_one_ticket_that_was_rewritten_makes_no_row_numbers() -> None:
    data = dataset(csv_bytes(line(1, "a b c"), line(2, "d")), csv_bytes(line(1, "x y z")))
    assert (len(data.columns), data.reports[1].notes) == (2, ())


def test_the_same_file_again_has_no_row_numbers() -> None:
    data = dataset(week("q"), week("q"))
    assert (len(data.columns), data.reports[0].notes) == (40, ())


def test_of_a_ticket_that_a_file_has_twice_the_last_row_is_compared() -> None:
    """As in an export of each change: the first text may well be another one."""
    news = [line(n, f"nine tills in shop {n} are down") for n in range(30)]
    every_change = [one for n in range(30) for one in (line(n, f"please call {n}"), news[n])]
    data = dataset(csv_bytes(*every_change), csv_bytes(*news))
    assert [told.notes for told in data.reports] == [(), ()]
    assert len(data.columns) == 30


def message(ticket: int, number: int) -> str:
    room = "abcdefghij"[ticket % 10] * (1 + ticket // 10)
    texts = ("printer of room {} is down", "thanks {} we look at it soon", "{} can you print now")
    at = f"2026-03-01T08:0{number}:00"
    text = texts[number].format(room)
    return f"{ticket},{at},,{text},web,free,{'urgent' if ticket % 3 else 'low'}"


@pytest.mark.parametrize("turned", [1, -1])
def test_of_the_messages_of_a_ticket_the_first_one_counts(turned: int) -> None:
    rows = [message(ticket, number) for ticket in range(30) for number in range(3)]
    data = dataset(csv_bytes(*rows[::turned]))
    assert [text.description[:7] for text in data.texts.values()] == ["printer"] * 30
    [told] = data.reports
    assert (told.accepted, told.duplicate) == (30, 60)
    assert "messages" in told.notes[0]


def test_messages_are_no_witnesses_of_row_numbers() -> None:
    weeks = [[message(t, number) for t in range(30) for number in range(most)] for most in (2, 3)]
    data = dataset(*(csv_bytes(*rows) for rows in weeks))
    assert len(data.columns) == 30
    assert all("messages" in told.notes[0] for told in data.reports)


def test_changes_of_a_ticket_and_a_few_ids_used_twice_are_no_messages() -> None:
    texts = ("please call shop {}", "the tills are down in {} b")
    changes = [f"{n},2026-03-01,,{one.format(n)},,,low" for n in range(30) for one in texts]
    twice = [*(message(n, 0) for n in range(40)), *(message(n, 1) for n in range(3))]
    for rows in (changes, twice):
        data = dataset(csv_bytes(*rows, row(99, label="urgent")))
        assert not data.reports[0].notes
    last = dataset(csv_bytes(*changes, row(99, label="urgent"))).texts.values()
    assert sum(text.description.endswith("b") for text in last) == 30
