"""`urgency label`: the file that it writes, which trains once it is filled in."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cli.usage_error import UsageError
from cli.verbs import label as verb
from jobs.tickets.file_report import FileReport
from tests.cli.operator_world import World
from tests.cli.trained_world import TICKETS, train
from tests.support.job.csv_files import dataset
from tests.support.models import release


@pytest.fixture(scope="module")
def trained() -> World:
    world = World()
    train(world, 400)
    manifest = world.registry.manifest(1)
    assert manifest
    release(world.registry, manifest)
    return world


@pytest.fixture(autouse=True)
def reached(trained: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "reach", lambda: trained.system)


@pytest.fixture
def unlabelled(tmp_path: Path) -> Path:
    """Two hundred tickets without their labels."""
    with TICKETS.open() as stream:
        rows = [row for _, row in zip(range(1_200), csv.DictReader(stream), strict=False)][1_000:]
    file = tmp_path / "open.csv"
    with file.open("w", newline="") as stream:
        names = [name for name in rows[0] if name != "label_urgency"]
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file


def written(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def read(body: bytes) -> FileReport:
    (report,) = dataset(body).reports
    return report


def test_the_chosen_tickets_are_written_with_a_column_to_fill_in(
    unlabelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "to_label.csv"
    verb.label(unlabelled, n=20, output=output, as_json=True)
    told = json.loads(capsys.readouterr().out)
    rows = written(output)
    assert told["tickets"] == len(rows) == len({row["ticket_id"] for row in rows}) == 20
    assert sum(told["why"].values()) == 20
    assert {row["label_urgency"] for row in rows} == {""}
    again = tmp_path / "again.csv"
    verb.label(unlabelled, n=20, output=again)
    assert again.read_bytes() == output.read_bytes()


def test_filled_in_it_is_read_by_training_and_what_was_left_out_is_no_obstacle(
    unlabelled: Path, tmp_path: Path
) -> None:
    output = tmp_path / "to_label.csv"
    verb.label(unlabelled, n=20, output=output)
    rows = written(output)
    for row, answer in zip(rows, ["urgent", "non-urgent"] * 9 + ["", ""], strict=True):
        row["label_urgency"] = answer
    with output.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    report = read(output.read_bytes())
    assert (report.accepted, report.unlabelled, report.quarantined) == (18, 2, 0)


def test_it_never_writes_over_a_file(unlabelled: Path) -> None:
    with pytest.raises(UsageError, match="is there already"):
        verb.label(unlabelled, output=unlabelled)


def test_labelled_tickets_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text("title,priority\na,high\nb,low\n")
    with pytest.raises(UsageError, match="has a label"):
        verb.label(file, output=tmp_path / "to_label.csv")
    file.write_text("title,priority\na,high\nb,\n")
    verb.label(file, output=tmp_path / "to_label.csv")
    assert [row["title"] for row in written(tmp_path / "to_label.csv")] == ["b"]


def test_without_a_file_those_that_were_dropped_without_a_label_are_chosen_from(
    trained: World, unlabelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    with pytest.raises(UsageError, match="Every ticket that was dropped has a label"):
        verb.label(output=tmp_path / "none.csv")
    for listed in trained.landing.list(""):
        stored = trained.landing.get(listed.name)
        assert stored
        world.landing.put(listed.name, stored.body, 0)
    world.landing.put("incoming/open.csv", unlabelled.read_bytes(), 0)
    world.landing.put("incoming/scan.pdf", b"%PDF-1.7", 0)
    here = replace(trained.system, landing=world.landing)
    monkeypatch.setattr(verb, "reach", lambda: here)
    verb.label(n=20, output=tmp_path / "to_label.csv")
    verb.label(unlabelled, n=20, output=tmp_path / "of_file.csv")
    assert (tmp_path / "to_label.csv").read_bytes() == (tmp_path / "of_file.csv").read_bytes()


def test_what_the_version_has_learned_is_passed_over(tmp_path: Path) -> None:
    with TICKETS.open() as stream:
        learned = next(csv.DictReader(stream))
    file = tmp_path / "again.csv"
    file.write_text(f'title,description\n"{learned["title"]}","{learned["description"]}"\n')
    with pytest.raises(UsageError, match="has learned each of these tickets already"):
        verb.label(file, output=tmp_path / "to_label.csv")


def test_a_file_without_a_text_or_a_system_without_a_model_is_refused(
    unlabelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "no_text.csv"
    file.write_text("id,colour\n1,red\n")
    with pytest.raises(UsageError, match="cannot be read"):
        verb.label(file, output=tmp_path / "x.csv")
    monkeypatch.setattr(verb, "reach", lambda: World().system)
    with pytest.raises(UsageError, match="No version serves yet"):
        verb.label(unlabelled, output=tmp_path / "x.csv")
