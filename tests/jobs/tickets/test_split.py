"""A ticket's side of the split depends on the ticket alone, on every machine, for ever."""

from __future__ import annotations

import random

import numpy as np
import pytest

from jobs.tickets.split import SIDES, lasting_split, side_numbers, text_hash
from tests.support.job.csv_files import csv_bytes, dataset, row
from urgency.ticket import normal_ticket, split_key


def test_digits_tell_tickets_apart_but_not_their_sides() -> None:
    rows = (f",,,order {number} is late,,,urgent" for number in range(50))
    [tickets] = dataset(csv_bytes(*rows)).columns.side.counts().values()
    assert tickets == 50


def test_a_side_never_changes_as_the_corpus_grows() -> None:
    texts = ["".join(random.Random(number).choices("abcdefgh ", k=30)) for number in range(3_000)]
    small, large = (
        dataset(csv_bytes(*(row(n, texts[n]) for n in range(count)))).columns.side
        for count in (300, 3_000)
    )
    assert large.codes[:300].tolist() == small.codes.tolist()
    assert [round(large.counts()[side] / 3_000, 1) for side in SIDES] == [0.6, 0.2, 0.2]


def test_the_split_is_a_function_of_the_ticket_alone_fixed_for_ever() -> None:
    assert [lasting_split(f"key {letter}") for letter in "abcdefgh"] == [
        lasting_split(split_key(normal_ticket("KEY ", letter.upper()))) for letter in "abcdefgh"
    ]
    columns = dataset(csv_bytes(row(1))).columns
    assert columns.split_key.tolist() == [7_078_302_422_924_520_415]
    assert [*columns.side.counts()] == [lasting_split("ticket 0 the printer is out of toner")]


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert text_hash("") == 0xE4A6A0577479B2B4
    assert text_hash("zażółć") == text_hash("zażółć") != text_hash("zazolc")
    assert 0 <= text_hash("x" * 100_000) < 2**64


@pytest.mark.parametrize(
    ("side", "first", "last"),
    [("train", 0.0, 0.599999), ("validation", 0.600001, 0.799999), ("test", 0.800001, 0.999999)],
)
def test_the_sides_are_60_20_and_20_percent_of_the_hashes(
    side: str, first: float, last: float
) -> None:
    hashes = np.array([int(share * 2**64) for share in (first, last)], np.uint64)
    assert [SIDES[number] for number in side_numbers(hashes)] == [side, side]


def test_the_largest_hash_has_a_side_too() -> None:
    assert SIDES[side_numbers(np.array([2**64 - 1], np.uint64))[0]] == "test"
