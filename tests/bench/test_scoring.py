"""The comparison of scoring runs, and its dollars are the measured seconds times the list."""

from __future__ import annotations

import pytest

from bench.process_cost import Cost
from bench.scoring import Scored, dollars, lines_of, main
from tests.bench.tables import read_table


def test_it_runs_and_the_table_is_of_what_it_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", "400"]) == 0
    table = read_table(capsys.readouterr().out)
    assert [line["scored by"] for line in table] == [
        "ours",
        "ours, 3 reasons",
        "pandas + scikit-learn",
    ]
    for line in table:
        seconds = float(line["CPU s"].replace(",", ""))
        assert float(line["CPU s a million"].replace(",", "")) == pytest.approx(
            seconds * 2_500, rel=0.1
        )


def test_more_memory_costs_more() -> None:
    assert dollars(1e6, 900) == pytest.approx(18 + 2)
    assert dollars(1e6, 2_000) == pytest.approx(18 + 4)


@pytest.mark.parametrize(("cpu_s", "word"), [(49.0, "met"), (51.0, "not met")])
def test_what_is_owed_is_tickets_a_processor_second(cpu_s: float, word: str) -> None:
    [line] = lines_of(iter([Scored("ours", 1_000_000, Cost(cpu_s, 0, 200), 20_000)]))
    assert line[-1] == word
