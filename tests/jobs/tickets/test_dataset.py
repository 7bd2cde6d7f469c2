from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest

from jobs.tickets.dataset import build_dataset
from jobs.tickets.file_report import reports_from_json, reports_to_json
from jobs.tickets.split import SIDES, lasting_split
from tests.support.job.csv_files import HEADER, csv_bytes, dataset, row
from urgency.errors import CorruptObject, Gone
from urgency.records import SourceFile
from urgency.ticket import normal_ticket, split_key


def test_the_frame_has_typed_columns_a_row_a_ticket() -> None:
    frame = dataset(csv_bytes(row(1), row(2, "all tills are down", "urgent"))).frame
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "ticket_id": "str",
        "created_at": "datetime64[us, UTC]",
        "title": "str",
        "description": "str",
        "source": "category",
        "customer_tier": "category",
        "urgent": "bool",
        "file": "category",
        "line": "int64",
        "split_key": "uint64",
        "side": "category",
    }
    assert frame["urgent"].tolist() == [False, True]
    assert frame["line"].tolist() == [2, 3]


def test_no_file_gives_an_empty_frame_of_the_same_columns() -> None:
    empty, full = dataset().frame, dataset(csv_bytes(row(1))).frame
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("2025-01-31", "2025-01-31T00:00:00+00:00"),
        ("2025-01-31 08:15:00", "2025-01-31T08:15:00+00:00"),
        ("2025-01-31T08:15:00+02:00", "2025-01-31T06:15:00+00:00"),
        ("2025-01-31T08:15:00Z", "2025-01-31T08:15:00+00:00"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31", None),
        ("3/25/07", None),
        ("now", None),
    ],
)
def test_dates_are_read_as_iso_8601_and_others_are_counted_not_quarantined(
    cell: str, read: str | None
) -> None:
    data = dataset(csv_bytes(row(1).replace("2025-01-31", cell)))
    moments = [moment.isoformat() for moment in data.frame["created_at"].dropna()]
    assert (moments, len(data.frame)) == ([read] if read else [], 1)
    assert data.reports[0].unread_dates == (0 if read else 1)


def test_the_last_row_of_a_ticket_counts_and_conflicts_are_reported() -> None:
    old = csv_bytes(
        row(1), row(2), row(3, "same  text").replace("T-3", "").replace("Ticket 3", "t")
    )
    new = csv_bytes(row(1, "edited", "urgent"), row(9, "same text").replace("Ticket 9", "t"))
    data = dataset(old, new)
    assert list(zip(data.frame["file"], data.frame["line"], strict=True)) == [
        ("incoming/0.csv", 3),
        ("incoming/1.csv", 2),
        ("incoming/1.csv", 3),
    ]
    assert [(a.accepted, a.duplicate) for a in data.reports] == [(1, 2), (2, 0)]
    assert data.conflicts == 1


def test_digits_tell_tickets_apart_but_not_their_sides() -> None:
    frame = dataset(
        csv_bytes(*(f",,,order {number} is late,,,urgent" for number in range(50)))
    ).frame
    assert len(frame) == 50
    assert frame["side"].nunique() == 1


def test_a_side_never_changes_as_the_corpus_grows() -> None:
    texts = ["".join(random.Random(number).choices("abcdefgh ", k=30)) for number in range(3_000)]
    small, large = (
        dataset(csv_bytes(*(row(n, texts[n]) for n in range(count)))).frame
        for count in (300, 3_000)
    )
    assert large["side"][:300].tolist() == small["side"].tolist()
    shares = large["side"].value_counts(normalize=True)
    assert [round(float(shares[side]), 1) for side in SIDES] == [0.6, 0.2, 0.2]


def test_the_split_is_a_function_of_the_ticket_alone_fixed_for_ever() -> None:
    assert [lasting_split(f"key {letter}") for letter in "abcdefgh"] == [
        lasting_split(split_key(normal_ticket("KEY ", letter.upper()))) for letter in "abcdefgh"
    ]
    frame = dataset(csv_bytes(row(1))).frame
    assert frame["split_key"].tolist() == [7_078_302_422_924_520_415]
    assert frame["side"].tolist() == [lasting_split("ticket 0 the printer is out of toner")]


def test_a_refused_file_leaves_nothing_behind_and_the_others_are_read() -> None:
    late = csv_bytes(row(7), row(8)) + b"x" * (2**20 + 1)
    data = dataset(csv_bytes(row(1)), late, b"", csv_bytes(), csv_bytes(row(2)))
    assert data.frame["ticket_id"].tolist() == ["T-1", "T-2"]
    assert [a.status for a in data.reports] == [
        "accepted",
        "quarantined",
        "quarantined",
        "quarantined",
        "accepted",
    ]
    assert [len(a.problems) for a in data.reports] == [0, 1, 1, 1, 0]
    assert [a.records for a in data.reports] == [1, 0, 0, 0, 1]


def test_errors_of_the_stream_pass_through() -> None:
    def gone(file: SourceFile) -> io.BytesIO:
        raise Gone(file.name)

    with pytest.raises(Gone):
        build_dataset([SourceFile("incoming/a.csv", 1, 1, "")], gone)


def test_the_first_thousand_problems_are_kept_and_the_rest_counted() -> None:
    account = dataset(csv_bytes(row(0), *(row(n, label="?") for n in range(1_500)))).reports[0]
    assert (len(account.problems), account.more, account.quarantined, account.status) == (
        1_000,
        500,
        1_500,
        "partly",
    )


def test_accounts_survive_storage_and_damage_is_seen() -> None:
    accounts = dataset(
        csv_bytes(row(1), row(2, label="?"), header=HEADER.upper()), b"\x1f\x8b"
    ).reports
    assert reports_from_json(reports_to_json(accounts)) == accounts
    for damaged in (b"", b"{}x", b'[{"file": 1}]', b"[1]", b"3"):
        with pytest.raises(CorruptObject):
            reports_from_json(damaged)


def mutated(rng: random.Random) -> bytes:
    """A small good CSV in which bytes were swapped, cut, doubled or replaced by what breaks
    readers.
    """
    rows = [
        row(
            rng.randrange(8),
            rng.choice(["plain", '"quo,ted"', '"two\nlines"', '"a ""b"""', "Störung"]),
        )
        for _ in range(8)
    ]
    body = bytearray(csv_bytes(*rows, end=rng.choice(["\n", "\r", "\r\n"])))
    for _ in range(rng.randrange(6)):
        at, length = rng.randrange(len(body) or 1), rng.randrange(12)
        body[at : at + length] = rng.choice(
            [
                b"",
                b'"',
                b",",
                b"\n",
                b"\r",
                b"\0",
                b"\xff",
                b"\xed\xa0\x80",
                body[:length],
                b'","',
                b"\xc3",
                b"\xef\xbb\xbf",
            ]
        )
    return bytes(body)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_bytes_are_nothing_raises_and_every_row_is_accounted_for(seed: int) -> None:
    rng = random.Random(seed)
    bodies = [mutated(rng) for _ in range(400)]
    data = dataset(*bodies)
    accepted = data.frame["file"].value_counts()
    for account in data.reports:
        assert account.accepted == accepted[account.file]
        assert account.records == account.accepted + account.duplicate + account.quarantined
        assert account.quarantined == (
            len(account.problems) + account.more if account.records else 0
        )
        assert (account.status == "accepted") == (not account.problems)
    again = dataset(*bodies)
    assert again.frame.equals(data.frame)
    assert again.reports == data.reports


def test_one_mutated_file_alone_has_as_many_records_as_among_others() -> None:
    bodies = [mutated(random.Random(seed)) for seed in range(100)]
    together = [account.records for account in dataset(*bodies).reports]
    assert together == [dataset(body).reports[0].records for body in bodies]


def one_line(rng: random.Random) -> str:
    """Words without punctuation, as of a help desk that stripped its texts."""
    return " ".join("".join(rng.choices("aeinrst", k=5)) for _ in range(12))


def code_review(rng: random.Random) -> str:
    """Quotes within quotes, commas and typographic quotes, as of an issue tracker."""
    return f'"File: {one_line(rng)}.c, line 7: “{one_line(rng)}” in: ""if( x, y )"" is wrong."'


def paragraphs(rng: random.Random) -> str:
    """Many lines in one cell, as of a customer support form."""
    return f'"I\'m having an issue.\n\n{one_line(rng)}\n\n{one_line(rng)}, thanks."'


@pytest.mark.parametrize("text", [one_line, code_review, paragraphs])
def test_exports_are_read_whole(text: Callable[[random.Random], str]) -> None:
    rng = random.Random(7)
    labels = ["urgent" if number % 9 == 0 else "non-urgent" for number in range(5_000)]
    rows = (f"X-{number},,,{text(rng)},,,{label}" for number, label in enumerate(labels))
    data = dataset(csv_bytes(*rows))
    assert (data.reports[0].records, data.reports[0].quarantined) == (5_000, 0)
    assert data.frame["urgent"].mean() == pytest.approx(1 / 9, abs=0.001)
    assert set(data.frame["ticket_id"].str[:2]) == {"X-"}
