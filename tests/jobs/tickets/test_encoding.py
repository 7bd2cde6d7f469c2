"""One encoding for the whole file, decided at the first byte that tells it, and told."""

from __future__ import annotations

import pytest

from jobs.tickets.encoding import NAMES, Decoder
from tests.support.job.csv_files import HEADER, csv_bytes, read, report, row

GERMAN = "Der Drucker im Büro lässt sich nicht öffnen, größere Störung für alle Gäste"
RUSSIAN = "Принтер не работает, срочно нужна помощь специалиста в бухгалтерии"
UNICODE = {"UTF-8", "UTF-16", "UTF-32"}
TEXTS = {
    "cp1252": GERMAN,
    "cp1251": RUSSIAN,
    "koi8_r": RUSSIAN,
    "cp1250": "Drukarka nie działa, proszę o pilną pomoc, błąd połączenia z siecią",
    "cp932": "プリンターが動きません。至急対応をお願いします。請求書が印刷できません",
    "gb18030": "打印机无法工作，请尽快处理，所有门店都无法打印发票，谢谢",
    "cp1253": "Ο εκτυπωτής δεν λειτουργεί, χρειάζομαι βοήθεια αμέσως παρακαλώ",
}


def export(text: str) -> str:
    rows = [row(n, f'"{text} {n}"', "urgent" if n % 3 else "low") for n in range(30)]
    return csv_bytes(*rows).decode()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", *TEXTS]
)
def test_texts_come_out_as_they_were_written_and_the_encoding_is_told(encoding: str) -> None:
    text = TEXTS.get(encoding, GERMAN)
    body = export(text).encode(encoding)
    rows, problems = read(body)
    assert rows[7].ticket.description == f"{text} 7"
    assert (len(rows), problems) == (30, {})
    read_as = report(body).read_as
    assert read_as
    wide = f"UTF-{encoding[4:].partition('-')[0]}" if encoding.startswith("utf") else ""
    assert read_as.encoding == wide if wide else read_as.encoding in set(NAMES.values()) - UNICODE


def test_one_umlaut_late_in_a_file_is_windows_1252_and_what_came_before_stays() -> None:
    rows = [*(row(n, "x" * 500) for n in range(2_000)), row(2_001, "St\xf6rung")]
    found, _ = read(csv_bytes(*rows).decode().encode("cp1252"))
    assert (len(found), found[-1].ticket.description) == (2_001, "Störung")


def test_one_broken_byte_in_a_file_that_is_utf8_costs_one_row() -> None:
    many = csv_bytes(*(row(n, "Störung größer über") for n in range(9)), row(9, "BYTE"))
    rows, problems = read(many.replace(b"BYTE", b"br\xfcchig"))
    assert [one.ticket_id for one in rows] == [f"T-{n}" for n in range(9)]
    assert list(problems) == [11]


def test_a_broken_byte_in_a_column_that_nobody_reads_costs_nothing() -> None:
    rows = [f"Störung größer über {n},urgent,x" for n in range(9)]
    body = csv_bytes(*rows, header="title,priority,requester")
    assert len(read(body.replace(b"t,x", b"t,\xfc", 1))[0]) == 9


def test_a_broken_byte_in_an_id_or_a_label_costs_its_row() -> None:
    body = csv_bytes(*(row(n, "Störung größer über") for n in range(9)))
    for place in (b"T-3", b"non-urgent"):
        rows, problems = read(body.replace(place, place + b"\xfc", 1))
        assert (len(rows), len(problems)) == (8, 1)


def test_half_a_character_of_utf16_at_the_end_costs_at_most_its_row() -> None:
    body = csv_bytes(row(1), row(2)).decode().encode("utf-16")
    assert len(read(body[:-1])[0]) >= 1
    assert len(read(body + b"\xd8")[0]) == 2


def test_marks_of_byte_order_inside_a_file_are_dropped() -> None:
    part = b"\xef\xbb\xbf" + csv_bytes(row(1))
    assert [one.ticket_id for one in read(part + part)[0]] == ["T-1", "T-1"]


def test_nul_and_control_characters_are_dropped_everywhere() -> None:
    [found], _ = read(csv_bytes("T\0-1,,Tic\x07ket,scan\x00ner,web,free,urg\0ent"))
    assert (found.ticket_id, found.labels) == ("T-1", ("urgent",))
    assert (found.ticket.title, found.ticket.description) == ("Ticket", "scanner")


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_characters_may_be_cut_between_blocks(size: int, encoding: str) -> None:
    body = f"{HEADER}\nStörung 注文".encode(encoding)
    head = 64  # the first block of a file is never so short
    blocks = [body[:head], *(body[at : at + size] for at in range(head, len(body), size))]
    assert "".join(Decoder().decode(iter(blocks))) == f"{HEADER}\nStörung 注文"
