"""Dialect, header and columns: decided together, from the first lines, for the whole file."""

from __future__ import annotations

import pytest

from jobs.tickets.find_table import SEPARATORS, find_table
from jobs.tickets.rules import Rules
from jobs.tickets.table import one_line, what_is_missing
from tests.support.job.csv_files import HEADER, csv_bytes, dataset, read, refusal, report, row

NONE = Rules()
ROWS = [row(n, f'"a, b; c {n}"', "urgent" if n % 3 else "low") for n in range(9)]


@pytest.mark.parametrize(("separator", "name"), SEPARATORS.items(), ids=SEPARATORS.values())
@pytest.mark.parametrize("first", ["", "sep=|\n", '"sep=|"\n'])
def test_every_separator_is_found_and_told(separator: str, name: str, first: str) -> None:
    lines = [HEADER, *ROWS]
    text = "\n".join(line.replace(",", separator).replace(f"a{separator}", "a,") for line in lines)
    body = (first.replace("|", separator) + text).encode()
    found, problems = read(body)
    assert (len(found), problems) == (9, {})
    assert found[1].ticket.description == "a, b; c 1"
    read_as = report(body).read_as
    assert read_as
    assert read_as.kind == f"{name}s"


def test_single_quotes_quote_where_a_file_is_written_so() -> None:
    rows = [row(n, "'a, b'", "'urgent'" if n % 2 else "'low'") for n in range(9)]
    assert read(csv_bytes(*rows))[0][0].ticket.description == "a, b"


def test_apostrophes_in_texts_quote_nothing() -> None:
    rows = [row(n, "it's late", "urgent" if n % 2 else "low") for n in range(9)]
    assert {found.ticket.description for found in read(csv_bytes(*rows))[0]} == {"it's late"}


def test_lines_above_the_header_are_no_rows_and_its_line_is_told() -> None:
    body = b"Tickets of May\nmade by, somebody\n\n" + csv_bytes(*ROWS)
    assert [found.line for found in read(body)[0]] == list(range(5, 14))
    read_as = report(body).read_as
    assert read_as
    assert read_as.header_line == 4


def test_numbers_of_rows_that_r_writes_need_no_name_in_the_header() -> None:
    body = b'"subject","description","priority"\n"1","down","a, b","High"\n"2","ask","c","Low"\n'
    found, problems = read(body)
    assert [(one.ticket.title, one.ticket.description) for one in found] == [
        ("down", "a, b"),
        ("ask", "c"),
    ]
    assert problems == {}


@pytest.mark.parametrize(
    "body",
    [
        b"number,subject,priority\n1,a, b,High\n2,c, d,Low\n",
        b"subject,body,priority\n7,a, b,High\n9,c, d,Low\n",
        b"subject,body,priority\n1,a,b,High\n",
    ],
)
def test_a_comma_too_many_in_each_row_is_no_column_more(body: bytes) -> None:
    assert not read(body)[0]


def test_a_header_beyond_the_first_lines_is_not_looked_for() -> None:
    assert report(b"note\n" * 30 + csv_bytes(*ROWS)).status == "set aside"


def test_a_footer_is_no_row_and_a_stray_line_between_rows_is_told() -> None:
    footer = ["", "Grand total: 9", "Copyright of somebody"]
    assert read(csv_bytes(*ROWS, *footer))[1] == {}
    _, problems = read(csv_bytes(*ROWS[:3], "a stray line", *ROWS[3:]))
    assert problems == {5: "the row has 1 field, the header has 7."}


def test_a_header_once_more_is_no_row() -> None:
    told = report(csv_bytes(*ROWS[:3], HEADER, *ROWS[3:], HEADER))
    assert (told.records, told.accepted) == (9, 9)


def test_of_2000_columns_the_few_that_are_wanted_are_read() -> None:
    others = ",".join(f"Custom field ({n})" for n in range(1_000))
    cells = ",".join(["x"] * 1_000)
    body = csv_bytes(
        *(f"{cells},{line},{cells}" for line in ROWS), header=f"{others},{HEADER},{others}"
    )
    told = report(body)
    assert (told.accepted, told.status) == (9, "accepted")
    assert len(told.columns_ignored) <= 40


def test_headers_are_known_by_other_names_in_any_case_and_width() -> None:
    header = " ID ,Date,\uff33ub\uff4aect,Body,Channel,Customer Tier,\ufeffLABEL-Urgency"
    [found], problems = read(csv_bytes(row(1), header=header))
    assert (found.ticket_id, found.created_at) == ("T-1", "2025-01-31")
    assert (found.ticket.title, found.ticket.source) == ("Ticket 1", "web")
    assert found.ticket.customer_tier == "free"
    assert not problems


def test_a_column_under_its_own_name_comes_before_other_names_and_columns_may_repeat() -> None:
    header = "Subject,Comment,Comment,title,label_urgency"
    lines = [f"no,x,y,yes {n},{'urgent' if n % 2 else 'low'}" for n in range(4)]
    assert read(csv_bytes(*lines, header=header))[0][0].ticket.title == "yes 0"
    assert report(csv_bytes(*lines, header=header)).columns_ignored == (
        "Subject",
        "Comment",
        "Comment",
    )


def test_rules_may_name_further_columns_and_leave_some_out() -> None:
    rules = Rules(columns={"betrifft": "title", "title": "ignore"})
    body = csv_bytes("Drucker,x,urgent", header="Betrifft,Title,label_urgency")
    assert read(body, rules)[0][0].ticket.title == "Drucker"


def test_all_that_a_header_lacks_is_said_at_once_in_words_of_its_owner() -> None:
    header = "Issue_Id,Subject,Colour,Description,Requester"
    told = report(csv_bytes("7,a,red,b,c", "8,d,blue,e,f", header=header))
    assert told.status == "set aside"
    reason = told.problems[0].reason
    assert "no label (priority or urgency)" in reason
    assert "Subject is read as title; Description is read as description" in reason
    assert "Not known: Colour, Requester" in reason
    assert told.questions == ("column,Colour,", "column,Requester,")


def test_two_kinds_of_separators_in_one_header_are_asked_about() -> None:
    told = report(csv_bytes("1,a,urgent;b", header="ID,Subject,Priority;x"))
    assert "another separator" in told.problems[0].reason


def test_a_first_line_that_is_no_header_is_counted_and_never_quoted() -> None:
    told = report(b"canary,Canary Smith,canary@example.com,title\n" * 5)
    assert "the first line has 4 cells" in told.problems[0].reason
    assert (told.columns_ignored, told.questions, told.read_as) == ((), (), None)
    assert "canary" not in repr(told).lower()


def test_names_are_repeated_only_cut_and_on_one_line() -> None:
    assert one_line("x" * 99 + "\n") == "x" * 60
    assert one_line("a\n\tb\0") == "a b"
    table = find_table([f'title,description,"{"x" * 900}"'], NONE)
    assert len(what_is_missing(table)) < 400


def test_a_name_with_a_number_or_an_address_is_not_repeated() -> None:
    header = "title,description,Call 0791234567,ana@example.com,Site"
    assert report(csv_bytes("a,b,c,d,e", header=header)).columns_ignored == ("Site",)


def test_a_file_with_a_header_alone_is_set_aside() -> None:
    assert "a header and no rows" in dataset(csv_bytes()).reports[0].problems[0].reason
    assert "empty" in refusal(b"sep=;\n").reason
