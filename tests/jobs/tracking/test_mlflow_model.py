from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from jobs.tracking import mlflow_model
from jobs.tracking.mlflow_model import UrgencyModel, lay_out
from tests.support.models import CALM_TICKET, URGENT_TICKET, registry_with, small_manifest
from urgency.errors import BadTicket, CorruptObject, Gone
from urgency.scorer import Scorer
from urgency.ticket import normal_ticket


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lay_out(registry_with(1), 1, tmp_path)
    return tmp_path


def load(folder: Path) -> UrgencyModel:
    """As MLflow does, by the name that it looks for."""
    return mlflow_model._load_pyfunc(str(folder / "bundle"))


def test_it_answers_with_the_scorers_label_and_probability_under_the_rows_index(
    folder: Path,
) -> None:
    scorer = Scorer(registry_with(1).bundle(1))
    expected = [
        scorer.probability(normal_ticket(**ticket)) for ticket in (URGENT_TICKET, CALM_TICKET)
    ]
    answer = load(folder).predict(pd.DataFrame([URGENT_TICKET, CALM_TICKET], index=[7, 3]))
    assert answer.index.tolist() == [7, 3]
    assert answer["probability"].tolist() == expected
    assert answer["label"].tolist() == ["urgent", "non-urgent"]


def test_missing_columns_and_missing_values_are_empty_text(folder: Path) -> None:
    sparse = pd.DataFrame(
        [
            {"title": "Thank you"},
            {"title": "Thank you", "source": None, "customer_tier": float("nan")},
        ]
    )
    first, second = load(folder).predict(sparse)["probability"]
    assert first == second


def test_a_row_without_text_is_refused(folder: Path) -> None:
    with pytest.raises(BadTicket, match="title and description are both empty"):
        load(folder).predict(pd.DataFrame([{"title": "", "description": None}]))


def test_a_version_is_laid_out_as_data_and_names_installed_code(folder: Path) -> None:
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert files == ["MLmodel", "bundle/arrays.npz", "bundle/golden.json", "bundle/manifest.json"]
    flavor = json.loads((folder / "MLmodel").read_text())["flavors"]["python_function"]
    assert flavor["loader_module"] == "jobs.tracking.mlflow_model"


def test_an_altered_part_is_never_loaded(folder: Path) -> None:
    with (folder / "bundle" / "arrays.npz").open("ab") as part:
        part.write(b"more")
    with pytest.raises(CorruptObject, match=r"arrays.npz of version 1 does not match"):
        load(folder)


def test_a_part_never_lands_outside_its_folder(tmp_path: Path) -> None:
    registry = registry_with()
    registry.commit(small_manifest(1, {"../../stranger": registry.put_blob(b"stranger")}))
    lay_out(registry, 1, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_laying_out_a_version_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Gone, match="no version 2"):
        lay_out(registry_with(1), 2, tmp_path)
