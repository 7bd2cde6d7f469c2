"""No cell of a dropped file leaves the landing bucket: not in a receipt, the registry, or a log."""

from __future__ import annotations

import csv
import io
import itertools
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import openpyxl
import pytest
import requests

from tests.support.cloud.live_stack import LiveStack, live_stack
from tests.support.job.frames import frame

MARK = "zyqv"
"""Every canary begins with it, no other word does. Letters only: digits are hidden anyway."""

ROWS = 400
HEADER = ["id", "Subject", "Description", "Channel", "Tier", "Priority"]


class Canaries:
    """A distinct word for every cell."""

    def __init__(self) -> None:
        self._words = map("".join, itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=4))

    def word(self) -> str:
        return MARK + next(self._words)

    def row(self, label: str = "") -> list[str]:
        """A ticket of which each cell is a canary, but `label` where there is one."""
        cells = [f"{self.word()} the printer {self.word()}" for _ in HEADER]
        return [*cells[:-1], label or self.word()]

    def tickets(self) -> list[list[str]]:
        """Tickets from which a model can be learned; each text, id and rare category a canary."""
        rows = frame(ROWS)
        return [
            [
                self.word(),
                f"{title} {self.word()}",
                f"{description} {self.word()}",
                *(["email", "gold"] if number % 10 else [self.word(), self.word()]),
                "High" if urgent else "Low",
            ]
            for number, (title, description, urgent) in enumerate(
                zip(rows["title"], rows["description"], rows["urgent"], strict=True)
            )
        ]


def csv_text(rows: list[list[str]], separator: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue()


def workbook(rows: list[list[str]]) -> bytes:
    book, body = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(body)
    return body.getvalue()


def files_of_every_kind() -> dict[str, bytes]:
    """Name -> bytes, each cell with a canary of its own."""
    words = Canaries()
    low, high = words.row("Low"), words.row("High")
    both = [words.row(label) for label in ("Low", "High") * 10]
    objects = [dict(zip(HEADER, words.row(label), strict=True)) for label in ("Low", "High")]
    unclosed = csv_text([HEADER, *both]) + f'{words.word()},"{words.word()}\n{words.word()}\n'
    mapping = f"column,{words.word()},nothing\nlabel,{words.word()}\n{words.word()},a,b,c\n"
    texts = {
        "good.csv": csv_text([HEADER, *words.tickets()]),
        "headless.csv": csv_text([words.row(), *(words.row() for _ in range(9))]),
        "headless_with_labels.csv": csv_text([low, high, *both]),
        "headless_semicolons.txt": csv_text([words.row("Low"), *both], ";"),
        "preamble.csv": f"{words.word()} export\n\n" + csv_text([HEADER, *both]),
        "wrong_labels.csv": csv_text([HEADER, *(words.row() for _ in range(50))]),
        "rare_labels.csv": csv_text([HEADER, *both * 20, words.row()]),
        "no_label.csv": csv_text([HEADER[:-1], *(words.row()[:-1] for _ in range(9))]),
        "broken_quotes.csv": unclosed,
        "wide_and_narrow.csv": csv_text([HEADER, *both, [*low, words.word()], high[:3]]),
        "one_line.txt": words.word(),
        "tickets.jsonl": "".join(json.dumps(one) + "\n" for one in objects),
        "folder/mapping.csv": mapping,
        "mapping.csv": mapping,
    }
    accents = csv_text([HEADER, *both, words.row("é")])
    return {name: text.encode() for name, text in texts.items()} | {
        "windows.csv": accents.encode("cp1252"),
        "utf16.csv": accents.encode("utf-16"),
        "undecodable.csv": csv_text([HEADER, *both]).encode()
        + b"\xff\xfe\x81"
        + words.word().encode(),
        "book.xlsx": workbook([HEADER, *both]),
        "headless.xlsx": workbook([words.row("Low"), *both]),
        "picture.csv": b"\x89PNG\r\n\x1a\n\0\0" + words.word().encode(),
        "no_workbook.xlsx": b"PK\x03\x04" + words.word().encode(),
    }


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A stack whose job has read them all, and whose service was asked."""
    with live_stack(tmp_path_factory.mktemp("stack")) as running:
        folder = tmp_path_factory.mktemp("files")
        for name, body in files_of_every_kind().items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(body)
        others = [str(file) for file in folder.iterdir() if file.is_file()]
        others.remove(str(folder / "good.csv"))
        below = (str(folder / "folder/mapping.csv"), "--name", "folder/mapping.csv")
        for dropped in (others, below):
            assert running.urgency("drop", *dropped).code == 0
        good = running.urgency("drop", str(folder / "good.csv"), "--wait", "--json", timeout_s=600)
        assert good.code == 0, good.out + good.err
        ticket = {"title": f"{MARK}asked", "description": f"{MARK}twice", "source": f"{MARK}here"}
        for _ in range(4):
            url = running.instances[0]
            assert requests.post(f"{url}/v1/predict", json=ticket, timeout=60).status_code == 200
        yield running


def test_every_file_has_its_receipt(stack: LiveStack) -> None:
    receipts = stack.urgency("receipts", "--limit", "1000", "--json").json
    status = {receipt["file"].removeprefix("incoming/"): receipt["status"] for receipt in receipts}
    assert set(status) == set(files_of_every_kind())
    assert status["good.csv"] == "accepted"
    assert status["headless.csv"] == status["picture.csv"] == "set aside"


def test_no_object_but_the_files_themselves_holds_a_cell(stack: LiveStack) -> None:
    storage = stack.home.cloud / "storage"
    with closing(sqlite3.connect(storage / "index.sqlite")) as index:
        objects = index.execute("SELECT bucket, name, metadata, payload FROM object").fetchall()
    kinds = {name.partition("/")[0] for _, name, _, _ in objects}
    assert {"incoming", "receipts", "blobs", "models", "snapshots", "release.json"} <= kinds
    found = {
        f"{bucket}/{name}": _around(said)
        for bucket, name, metadata, payload in objects
        if not name.startswith("incoming/")
        if _holds(
            said := name.encode() + metadata.encode() + (storage / "kept" / payload).read_bytes()
        )
    }
    assert found == {}


def test_no_log_holds_a_cell(stack: LiveStack) -> None:
    stored = stack.home.cloud / "storage" / "kept"
    files = [file for file in stack.home.root.rglob("*") if file.is_file()]
    logs = [file for file in files if stored not in file.parents]
    assert any(file.is_relative_to(stack.home.execution_logs) for file in logs)
    assert {"stack.out", "events.jsonl"} <= {file.name for file in logs}
    found = {str(file): _around(said) for file in logs if _holds(said := file.read_bytes())}
    assert found == {}


def test_no_command_that_looks_shows_a_cell(stack: LiveStack) -> None:
    looks = ("doctor", "status", "models", "why 1", "card 1", "receipts")
    told = {look: stack.urgency(*look.split(), "--json").out.encode() for look in looks}
    assert all(told.values())
    assert {look: _around(said) for look, said in told.items() if _holds(said)} == {}


def _holds(said: bytes) -> bool:
    return any(MARK.encode(encoding) in said.lower() for encoding in ("utf-8", "utf-16-le"))


def _around(said: bytes) -> bytes:
    """Enough of it to see who wrote the canary."""
    at = said.lower().find(MARK.encode())
    return said[max(0, at - 120) : at + 60]
