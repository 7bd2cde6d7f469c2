"""The tickets as a table: typed columns, a row each, as docs/own-model.md uses it."""

from __future__ import annotations

import re

import pytest

from jobs.tickets.frame import frame_of
from tests.support.cloud.live_stack import CHECKOUT
from tests.support.job.csv_files import csv_bytes, dataset, row

CATEGORICAL = ["source", "customer_tier", "file", "side"]


def test_it_has_typed_columns_and_a_row_for_each_ticket() -> None:
    frame = frame_of(dataset(csv_bytes(row(1), row(2, "all tills are down", "urgent"))))
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "ticket_id": "uint64",
        "created_at": "datetime64[s, UTC]",
        "title": "str",
        "description": "str",
        "source": "category",
        "customer_tier": "category",
        "urgent": "bool",
        "file": "category",
        "line": "int64",
        "split_key": "uint64",
        "side": "category",
        "same_text": "uint64",
    }
    assert frame["description"].tolist() == ["the printer is out of toner", "all tills are down"]
    assert frame["source"].tolist() == ["web", "web"]
    assert frame["urgent"].tolist() == [False, True]
    assert frame["line"].tolist() == [2, 3]


def test_no_file_gives_an_empty_one_of_the_same_columns() -> None:
    empty, full = frame_of(dataset()), frame_of(dataset(csv_bytes(row(1))))
    assert len(empty) == 0
    assert empty.dtypes.drop(CATEGORICAL).equals(full.dtypes.drop(CATEGORICAL))


def test_a_text_that_is_not_in_the_sample_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.tickets.texts.SAMPLE", 3)
    data = dataset(csv_bytes(*(row(number, f"printer {chr(97 + number)}") for number in range(9))))
    written = frame_of(data)["description"].ne("").to_numpy()
    assert (written == data.has_text).all()
    assert 3 <= written.sum() < 9


def test_the_example_in_the_docs_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (CHECKOUT / "docs/own-model.md").read_text()
    [example] = re.findall("```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(CHECKOUT)
    exec(example, {})
    assert "enterprise" in capsys.readouterr().out
