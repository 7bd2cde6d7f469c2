"""The comparison of quality runs on files as they land, and says what is reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.ours import read_whole
from bench.quality import MEASURES, Means, beside, main
from bench.variants import ALPHABETS, SPLITS, another_split, shuffled_labels, without_spaces
from jobs.tickets.dataset import Dataset
from tests.bench.tables import read_table
from tests.support.job.csv_files import csv_bytes
from tests.support.job.frames import frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two exports: in one the words tell the label, in the other they do not."""
    folder = tmp_path_factory.mktemp("sets")
    for name, signal in (("telling", 0.95), ("noise", 0.5)):
        lines = (
            f"{title};{text};{'P1' if urgent else 'P4'}"
            for title, text, urgent in zip(
                *(frame(400, signal=signal)[n] for n in ("title", "description", "urgent")),
                strict=True,
            )
        )
        (folder / f"{name}.csv").write_bytes(csv_bytes(*lines, header="Subject;Details;Priority"))
    return folder


@pytest.fixture(scope="module")
def data(folder: Path) -> Dataset:
    return read_whole(str(folder / "telling.csv"))


def test_it_runs_and_each_set_has_its_lines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = [str(folder / "telling.csv"), "--no-signal", str(folder / "noise.csv")]
    assert main([*sets, "--splits", "1"]) == 0
    table = read_table(capsys.readouterr().out)
    lines = {line["measure"]: line for line in table if line["set"] == "telling"}
    copies = [f"PR-AUC of its {script} copy" for script in ALPHABETS]
    verdicts = ["verdicts", "verdicts, shuffled labels"]
    assert list(lines) == ["test tickets", *MEASURES.values(), *verdicts, *copies]
    assert lines["test tickets"]["ours"] == lines["test tickets"]["seed"]
    assert lines["PR-AUC of its Thai copy"]["reached"] == lines["verdicts"]["reached"] == "met"
    assert table[-1]["measure"] == "verdicts, no signal"
    assert table[-1]["reached"] == "met"


def test_every_ticket_is_on_the_test_side_of_one_split(data: Dataset) -> None:
    sides = [another_split(data, n).columns.side for n in range(SPLITS)]
    assert (sum(side.holds("test").astype(int) for side in sides) == 1).all()
    assert (sides[0].codes == data.columns.side.codes).all()


def test_shuffling_moves_labels_and_a_copy_moves_words_alone(data: Dataset) -> None:
    shuffled = shuffled_labels(data, 0).columns.urgent
    assert shuffled.sum() == data.columns.urgent.sum()
    assert (shuffled != data.columns.urgent).any()
    copy = without_spaces(data, "Thai")
    assert not any(re.search("[a-z ]", text.title) for text in copy.texts.values())
    assert len(copy.words) == len(data.words)
    assert copy.columns is data.columns


def means(rows: int, **metrics: float) -> Means:
    return Means(dict.fromkeys(MEASURES, 0.5) | {"rows": rows} | metrics)


def reached(ours: Means) -> Iterator[str]:
    return (line[-1] for line in beside("some", means(400), ours) if line[-1])


def test_targets_are_those_of_the_seed_and_of_enough_tickets() -> None:
    good = means(400, pr_auc=0.6, brier=0.4, ece=0.04, f1=0.6)
    assert list(reached(good)) == ["met"] * 4
    assert list(reached(means(399, pr_auc=0.6, brier=0.4, f1=0.6))) == ["met"] * 3
    assert list(reached(means(400, pr_auc=0.5, brier=0.43, ece=0.06, f1=0.4))) == ["not met"] * 4
