"""The comparison of training costs runs, and its table holds what it measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.process_cost import Cost
from bench.training import AUCS, COSTS, Trained, alone, compared, main
from tests.bench.tables import read_table

SEED = Trained(Cost(cpu_s=80, wall_s=90, peak_mb=1800), {"roc_auc": 0.9, "pr_auc": 0.8})
OURS = Trained(Cost(cpu_s=20, wall_s=30, peak_mb=500), {"roc_auc": 0.896, "pr_auc": 0.81})


def test_it_runs_and_the_table_is_of_what_it_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rows", "400", "--kind", "plain"]) == 0
    table = read_table(capsys.readouterr().out)
    assert [line["measure"] for line in table] == [*COSTS.values(), *AUCS.values()]
    assert {line["tickets"] for line in table} == {"400 plain"}
    for line in table:
        seed, ours = (float(line[of].replace(",", "")) for of in ("seed", "ours"))
        against = float(line["ours against it"].split("x")[0])
        if line["measure"] in AUCS.values():
            assert 0.3 < seed <= 1
            assert against == pytest.approx(ours - seed, abs=2e-4)
        else:
            assert seed > 0
            assert against == pytest.approx(seed / ours, rel=0.2)


def test_more_tickets_than_the_seed_can_train_on_land_in_several_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.training.SEED_MOST", 100)
    monkeypatch.setattr("bench.training.PER_FILE", 300)
    assert main(["--rows", "700", "--kind", "rare"]) == 0
    lines = {line["measure"]: line for line in read_table(capsys.readouterr().out)}
    assert lines["tickets taken"]["ours"] == "700"
    assert lines[COSTS["peak_mb"]]["reached"] == "met"
    assert float(lines["CPU a ticket, us"]["ours"].replace(",", "")) > 0


def test_too_much_memory_or_no_release_is_told() -> None:
    test = {"accepted": 700, "released": False, "roc_auc": 0.9, "pr_auc": 0.8}
    lines = {line[1]: line for line in alone("some", 700, Trained(Cost(9, 9, 4_400), test))}
    assert lines[COSTS["peak_mb"]][-1] == lines["released"][-1] == "not met"
    assert lines["CPU a ticket, us"][3] == "12,857.1"


def reached(rows: int, ours: Trained) -> list[str]:
    return [line[-1] for line in compared("some", rows, SEED, ours)]


def test_what_is_owed_depends_on_the_number_of_tickets() -> None:
    assert reached(200_000, OURS) == ["met", "not met", "met", "met", ""]
    assert reached(20_000, OURS) == ["met", "", "", "met", ""]
    assert reached(19_999, OURS) == ["", "", "", "met", ""]


def test_a_cheaper_but_worse_model_does_not_do() -> None:
    worse = replace(OURS, test={"roc_auc": 0.894, "pr_auc": 0.8})
    assert reached(20_000, worse)[3] == "not met"
