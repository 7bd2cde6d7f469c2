"""The drift bench draws the shifts that it says, and its table is that of the real check."""

from __future__ import annotations

import numpy as np
import pytest

from bench import drift
from tests.bench.tables import read_table


@pytest.mark.slow
def test_the_table_has_a_line_for_each_size_and_each_shift(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(drift, "TRAINED", 800)
    monkeypatch.setattr(drift, "POPULATION", 1_200)
    drift.main(["--trials", "2"])
    lines = read_table(capsys.readouterr().out)
    assert tuple(lines[0]) == drift.HEAD
    assert [line["check"] for line in lines] == ["no drift"] * 3 + [*drift.SHIFTS]


def test_a_share_grows_by_what_it_should() -> None:
    is_in = np.arange(1_000) < 100
    weights = drift._more_of(is_in)
    assert weights[is_in].sum() / weights.sum() == pytest.approx(drift.TO)
    assert weights.mean() == pytest.approx(1)


def test_the_top_decile_is_a_tenth_of_the_highest() -> None:
    top = drift._top_decile(np.repeat(np.arange(4), 25))
    assert top.sum() == 10
    assert top[75:].sum() == 10
