from __future__ import annotations

import random

import pytest

from jobs.report.data_report import Finding, data_report, has_e_mail
from tests.support.job.csv_files import csv_bytes, dataset

HANGS_AFTER_S = 200
"""Linear work takes a fraction of a second; were it quadratic, it would take hours."""


def words(rng: random.Random, count: int = 20) -> str:
    return " ".join("".join(rng.choices("abcdefghij", k=5)) for _ in range(count))


def corpus(
    rows: int = 400, *, leak: float = 0.0, ordered: bool = False, extra: str = "", seed: int = 1
) -> bytes:
    """Random tickets, half of them urgent; `leak`: share of the urgent ones with the word zebra."""
    rng = random.Random(seed)
    lines = []
    for number in range(rows):
        urgent = number * 2 >= rows if ordered else rng.random() < 0.5
        marker = " zebra" if urgent and rng.random() < leak else ""
        day = f"20{10 + number * 10 // rows:02}-01-01" if ordered else ""
        label = "urgent" if urgent else "non-urgent"
        lines.append(f",{day},,{words(rng)}{marker}{extra},,,{label}")
    return csv_bytes(*lines)


def findings(*bodies: bytes, champion_base_rate: float | None = None) -> dict[str, Finding]:
    return {finding.name: finding for finding in data_report(dataset(*bodies), champion_base_rate)}


def test_clean_data_and_no_data_have_no_findings() -> None:
    assert findings(corpus()) == {}
    assert findings() == {}


def test_a_word_that_gives_the_label_away_is_named_with_its_auc() -> None:
    leak = findings(corpus(leak=0.95))["leaking_word"]
    assert '"zebra"' in leak.sentence
    assert 0.95 < leak.value < 1.0


def test_a_word_that_does_not_separate_is_not_named() -> None:
    assert "leaking_word" not in findings(corpus(leak=0.7))


def test_a_word_of_few_tickets_is_never_named() -> None:
    assert "leaking_word" not in findings(corpus(30, leak=1.0))


def test_one_label_only_is_no_leak() -> None:
    tickets = (f",,,ticket {chr(97 + n % 26) * (n + 1)},,,urgent" for n in range(60))
    assert "leaking_word" not in findings(csv_bytes(*tickets))


def test_labels_in_blocks_and_labels_that_move_over_time_are_reported() -> None:
    found = findings(corpus(ordered=True))
    assert found["sorted_labels"].value < 0.02
    assert "incoming/0.csv" in found["sorted_labels"].sentence
    assert "0% to" in found["moved_over_time"].sentence
    assert found["moved_over_time"].value == 1.0


def test_tickets_without_a_date_are_of_no_time() -> None:
    rng = random.Random(3)
    days = [f"2025-03-{1 + number % 28:02}" for number in range(90)] + [""] * 60
    labels = ["urgent", "non-urgent"] * 45 + ["non-urgent"] * 60
    lines = (f",{day},,{words(rng)},,,{label}" for day, label in zip(days, labels, strict=True))
    assert "moved_over_time" not in findings(csv_bytes(*lines))


def test_duplicates_conflicts_and_unread_dates_are_counted() -> None:
    both_labels = ("A,,one,,,,urgent", "A,,one,,,,non-urgent")
    found = findings(csv_bytes(*both_labels, "B,3/25/07,two,,,,urgent"))
    assert found["duplicates"].value == 1 / 3
    assert found["conflicting_labels"].value == 1
    assert found["unread_dates"].value == 1


def test_e_mail_addresses_are_counted_and_not_repeated() -> None:
    found = findings(corpus(extra=" write to jane.doe@example.com"))["e_mail_addresses"]
    assert found.value == 1.0
    assert "example" not in found.sentence


@pytest.mark.timeout(HANGS_AFTER_S)
@pytest.mark.parametrize("hostile", ["a", "@", "a@", "a@b-", ".a@"])
def test_looking_for_addresses_is_linear_in_hostile_text(hostile: str) -> None:
    assert not has_e_mail(hostile * 1_000_000)


def test_a_shift_of_the_base_rate_is_told_against_the_champions_data() -> None:
    shift = findings(corpus(), champion_base_rate=0.1)["base_rate_shift"]
    assert shift.value == pytest.approx(0.4, abs=0.05)
    assert "base_rate_shift" not in findings(corpus(), champion_base_rate=0.5)


def test_the_report_is_a_function_of_the_data() -> None:
    body = corpus(leak=0.95, ordered=True)
    assert data_report(dataset(body)) == data_report(dataset(body))


def helpdesk_export(rows: int, urgent_share: float) -> bytes:
    """Requests, then incidents in one block at the end; most of those are forwarded mails."""
    rng = random.Random(6)
    requests = int(rows * (1 - urgent_share))
    common = ["hi", "please", "help", "thanks", "need", "access", "laptop", "vpn", "reset"]
    lines = []
    for number in range(rows):
        incident = number >= requests
        forwarded = rng.random() < (0.91 if incident else 0.01)
        header = f"sent: {words(rng, 2)} " if forwarded else ""
        text = header + " ".join(rng.choices(common, k=12)) + words(rng, 2)
        lines.append(f",,,{text},,,{'urgent' if incident else 'non-urgent'}")
    return csv_bytes(*lines)


def test_the_header_of_forwarded_mails_is_named_where_it_gives_incidents_away() -> None:
    found = findings(helpdesk_export(2_000, 0.11))
    assert '"sent"' in found["leaking_word"].sentence
    assert found["leaking_word"].value == pytest.approx(0.95, abs=0.02)
    assert found["sorted_labels"].value < 0.01
