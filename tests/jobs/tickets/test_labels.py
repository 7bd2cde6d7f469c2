"""Labels are decided for a whole column: by scale, never for one side only."""

from __future__ import annotations

import pytest

from jobs.tickets.labels import choose, read_labels, shown, why_not
from jobs.tickets.rules import NO_RULES, Rules
from tests.support.job.csv_files import csv_bytes, dataset, dataset_of, report, row


def file_of(**rows: int) -> bytes:
    """A file with so many rows of each label; `blank` is none."""
    labels = [name.replace("blank", "") for name, count in rows.items() for _ in range(count)]
    return csv_bytes(*(row(n, f"text {n}", label) for n, label in enumerate(labels)))


@pytest.mark.parametrize(
    ("labels", "urgent"),
    [
        (["Urgent", "High", "Normal", "Low"], {"Urgent", "High"}),
        (["1 - Critical", "2 - High", "3 - Moderate", "4 - Low"], {"1 - Critical", "2 - High"}),
        (["P1", "P2", "P3", "P4"], {"P1", "P2"}),
        (["Blocker", "Major", "Minor"], {"Blocker"}),
        (["Major", "Minor"], {"Major"}),
        (["Sehr hoch", "Hoch", "Mittel", "Niedrig"], {"Sehr hoch", "Hoch"}),
        (["urgent", "Non-Urgent", "not_urgent"], {"urgent"}),
        (["URGENT\u00a0", "non\u2011urgent"], {"URGENT"}),
        (["yes", "no"], {"yes"}),
        (["TRUE", "FALSE"], {"TRUE"}),
        (["1", "0"], {"1"}),
    ],
)
def test_high_and_above_is_urgent(labels: list[str], urgent: set[str]) -> None:
    rows = [row(n, f"text {n}", labels[n % len(labels)]) for n in range(40)]
    told = report(csv_bytes(*rows))
    assert told.status == "accepted"
    assert told.read_as
    assert set(told.read_as.urgent) == urgent
    assert sum(told.read_as.urgent.values()) + sum(told.read_as.other.values()) == 40


def test_yes_and_no_say_nothing_in_a_column_of_another_question() -> None:
    rows = [f"text {n},{'yes' if n % 2 else 'no'}" for n in range(20)]
    assert report(csv_bytes(*rows, header="title,priority")).status == "set aside"


def test_bare_numbers_have_no_direction_and_are_asked_about() -> None:
    rows = [f"text {n},{n % 5 + 1}" for n in range(50)]
    told = report(csv_bytes(*rows, header="title,priority"))
    assert "1 (10), 2 (10), 3 (10)" in told.problems[0].reason
    assert told.questions == tuple(f"label,{n}," for n in range(1, 6))


def test_blank_labels_are_counted_apart_and_are_no_fault() -> None:
    told = report(file_of(urgent=3, low=4, blank=2))
    assert (told.accepted, told.unlabelled, told.status) == (7, 2, "accepted")


def test_urgent_or_blank_is_asked_and_a_rule_answers_it() -> None:
    body = file_of(urgent=3, blank=9)
    told = report(body)
    assert (told.status, told.questions) == ("set aside", ("label,,",))
    assert "9 rows have none" in told.problems[0].reason
    answered = report(body, Rules(labels={"": False}))
    assert (answered.accepted, answered.unlabelled) == (12, 0)


def test_a_file_without_any_label_is_set_aside() -> None:
    assert "no row of the column label_urgency says" in report(file_of(blank=5)).problems[0].reason


@pytest.mark.parametrize(
    ("known", "unknown", "status"), [(98, 2, "partly"), (95, 5, "set aside"), (5, 1, "partly")]
)
def test_few_unknown_labels_cost_their_rows_and_more_than_2_percent_the_file(
    known: int, unknown: int, status: str
) -> None:
    told = report(file_of(urgent=known // 2, low=known - known // 2, zebra=unknown))
    assert told.status == status
    if status == "partly":
        assert (told.accepted, told.quarantined) == (known, unknown)
        assert told.problems[0].reason == "the value of label_urgency is not known."


def test_values_that_are_seen_often_are_repeated_and_rare_ones_are_not() -> None:
    counts = {"Zebra": 9, "Ana Smith": 4, "a@b.c": 9, "0791": 9, "x" * 41: 9, "Gnu, or so": 7}
    labels = read_labels("prio", counts, NO_RULES)
    assert shown(labels) == "Zebra (9), Gnu, or so (7), 4 rare or long ones"
    assert "Ana" not in str(why_not(labels))


def test_a_value_with_a_comma_is_quoted_in_the_answer_to_fill_in() -> None:
    rows = [row(n, f"text {n}", '"so, so"') for n in range(9)]
    assert report(csv_bytes(*rows)).questions == ('label,"so, so",',)


def test_of_several_label_columns_the_first_whose_values_are_understood_counts() -> None:
    header = "title,urgency,priority,severity"
    rows = [f"text {n},,{'High' if n % 2 else 'Low'},S{n % 2 + 1}" for n in range(20)]
    told = report(csv_bytes(*rows, header=header))
    assert told.read_as
    assert (told.accepted, told.read_as.columns["label_urgency"]) == (20, "priority")


def test_a_column_with_both_sides_comes_before_one_with_a_default_value() -> None:
    one = read_labels("urgency", {"low": 9}, NO_RULES)
    both = read_labels("priority", {"low": 5, "high": 4}, NO_RULES)
    assert choose([one, both]) is both
    assert choose([one]) is one


def test_a_label_with_too_many_values_is_no_label() -> None:
    rows = [row(n, f"text {n}", f"value {n}") for n in range(1_100)]
    assert "over 1,000 different values" in report(csv_bytes(*rows)).problems[0].reason


MIXED = file_of(urgent=30, low=70)
ALL_URGENT = csv_bytes(*(row(n, f"other text {n}", "urgent") for n in range(100, 160)))


def test_a_file_with_one_label_that_chance_does_not_explain_is_set_aside() -> None:
    first, second = dataset(MIXED, ALL_URGENT).reports
    assert (first.accepted, second.status) == (100, "set aside")
    assert "30% of the tickets in the other files" in second.problems[0].reason
    assert second.questions == ("label,urgent,urgent",)


def test_a_small_file_with_one_label_may_be_chance() -> None:
    few = csv_bytes(*(row(n, f"other text {n}", "urgent") for n in range(100, 108)))
    assert [told.status for told in dataset(MIXED, few).reports] == ["accepted"] * 2
    assert [told.status for told in dataset(file_of(low=1), few).reports] == ["accepted"] * 2


def test_a_file_with_one_label_alone_is_read() -> None:
    assert report(ALL_URGENT).status == "accepted"


def test_one_label_is_taken_where_a_mapping_says_that_it_is_meant() -> None:
    answer = b"label,urgent,urgent\n"
    data = dataset_of({"a.csv": MIXED, "b/c.csv": ALL_URGENT, "b/mapping.csv": answer})
    assert [told.status for told in data.reports] == ["accepted"] * 3
    assert [told.accepted for told in data.reports] == [100, 60, 1]


def test_what_zendesk_writes_for_no_priority_is_not_urgent_among_its_own_values_only() -> None:
    zendesk = {"Urgent": 5, "High": 9, "Normal": 20, "Low": 9, "-": 40, "": 3}
    found = read_labels("Priority", zendesk, NO_RULES)
    assert found.other == {"-": 40, "Normal": 20, "Low": 9}
    assert (found.sides["-"], found.blank, found.unknown) == (False, 3, {})
    elsewhere = read_labels("Priority", {"High": 9, "Medium": 20, "-": 40}, NO_RULES)
    assert (elsewhere.sides["-"], elsewhere.blank) == (None, 40)
    nothing = read_labels("Priority", {"-": 40, "": 3}, NO_RULES)
    assert (nothing.other, nothing.blank) == ({}, 43)
    meant = read_labels("Priority", zendesk, Rules(labels={"-": True}))
    assert meant.urgent["-"] == 40


def test_where_no_row_can_be_read_the_rows_are_told_and_no_label_is_missed() -> None:
    told = report(
        csv_bytes("a,b,high", "c,d,low", header="title,description,priority,state,team,room")
    )
    assert (told.status, told.quarantined, told.questions) == ("quarantined", 2, ())
    assert told.problems[0].reason == "the row has 3 fields, the header has 6."


def test_of_columns_that_are_not_understood_the_one_with_few_values_is_asked_about() -> None:
    rows = [f"printer {n} is down,{n}.21,{('rojo', 'verde')[n % 2]}" for n in range(40)]
    told = report(csv_bytes(*rows, header="title,priority,priority_level"))
    assert sorted(told.questions) == ["label,rojo,", "label,verde,"]


def test_a_default_value_is_no_label_beside_a_column_with_both_sides() -> None:
    severities = ("critical", "minor", "rojo", "trivial")
    rows = [f"printer {n} is down,P3,{severities[n % 4]}" for n in range(40)]
    told = report(csv_bytes(*rows, header="title,priority,bug_severity"))
    assert (told.status, told.questions) == ("set aside", ("label,rojo,",))
