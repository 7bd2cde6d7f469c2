"""The comparison of servers: its table, and one short run where its tools are."""

from __future__ import annotations

import shutil

import pytest

from bench.serving import MEASURES, OURS, PEER, compared, main
from tests.bench.tables import read_table

MEASURED = {
    OURS: [100.0, 1, 10, 80, 9_000, 0.9, 1],
    PEER: [2_100.0, 14, 300, 300, 300, 0.9, 1],
}


def test_a_ratio_says_how_many_times_better_we_are() -> None:
    lines = compared(MEASURED)
    assert [line[0] for line in lines] == list(MEASURES)
    against = {line[0]: (line[-3], line[-1]) for line in lines}
    assert against["CPU per request, 16 connections, us"] == ("21.0x", "met")
    assert against["p50, 1 connection, ms"] == ("14.0x", "not met")
    assert against["batch of 1,000, rows/s"] == ("30.0x", "met")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
@pytest.mark.skipif(not shutil.which("taskset"), reason="taskset is not installed")
def test_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data/tickets.csv", "--seconds", "1"]) == 0
    table = read_table(capsys.readouterr().out)
    assert [line["measure"] for line in table] == list(MEASURES)
    for line in table[:5]:
        assert float(line[OURS].replace(",", "")) > 0
        assert float(line[PEER].replace(",", "")) > 0
