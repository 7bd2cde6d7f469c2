"""A run gives every ticket back once, with its score, whatever number of tasks make it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from pathlib import Path

import pytest

from jobs.scoring import parts
from jobs.scoring.places import expect_apart
from tests.support.job.archives import csv_text, joined, run_tasks, written
from tests.support.job.csv_files import xlsx_bytes
from tests.support.models import put_model, registry_with, release
from urgency.errors import CorruptObject, SettingsError
from urgency.scorer import Scorer
from urgency.ticket import normal_ticket

SMALL = 1024


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with two CSVs and JSON lines."""
    folder = tmp_path / "in"
    (folder / "2024").mkdir(parents=True)
    (folder / "2024" / "q1.csv").write_text(csv_text(120, 1, bad=0.05))
    (folder / "2024" / "q2.csv").write_text(csv_text(90, 2, separator=";"))
    lines = (json.dumps({"id": n, "title": f"Production {n}"}) for n in range(80))
    (folder / "old.jsonl").write_text("\n".join(lines))
    return folder


def table(body: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(body.decode(), newline=""))]


def test_a_row_comes_back_as_it_was_with_its_score(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv_text(50, 3))
    run_tasks(tmp_path / "a.csv", tmp_path / "out")
    given = table(csv_text(50, 3).replace(", ,", ",,").encode())  # a blank cell is an empty one
    scored = table(joined(tmp_path / "out", "a.csv"))
    scorer = Scorer(registry_with(1, 2).bundle(2))
    blank = {"urgent", "probability", "version", "error"}
    assert [{name: row[name] for name in row if name not in blank} for row in scored] == given
    for row in scored:
        if not row["title"] and not row["description"]:
            assert "title and description are both empty" in row["error"]
            assert (row["urgent"], row["probability"], row["version"]) == ("", "", "")
            continue
        ticket = normal_ticket(row["title"], row["description"], row["source"])
        assert float(row["probability"]) == pytest.approx(scorer.probability(ticket), abs=1e-6)
        assert row["urgent"] == ("true" if float(row["probability"]) >= 0.5 else "false")
        assert (row["version"], row["error"]) == ("2", "")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("packed", [False, True])
def test_any_number_of_tasks_writes_the_same_bytes(
    form: str, packed: bool, archive: Path, tmp_path: Path
) -> None:
    outputs = []
    for count in (1, 2, 4, 9):
        target = tmp_path / f"out{count}"
        order = [(index, count) for index in range(count)]
        random.Random(count).shuffle(order)
        options = {"form": form, "gzip": packed, "reasons": 2, "shard_bytes": SMALL}
        outcome = run_tasks(archive, target, order, **options)  # type: ignore[arg-type]
        assert outcome is not None
        outputs.append(written(target))
    assert all(output == outputs[0] for output in outputs)
    assert len(outputs[0]) > 25


def test_the_size_of_shards_changes_no_row(archive: Path, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    run_tasks(archive, small, shard_bytes=SMALL)
    run_tasks(archive, large)
    for name in ("2024/q1.csv", "2024/q2.csv", "old.jsonl"):
        assert joined(small, name) == joined(large, name)


class Died(Exception):
    """As SIGKILL would end a task."""


@pytest.mark.parametrize("seed", range(6))
def test_a_task_that_dies_anywhere_and_is_started_again_doubles_and_loses_nothing(
    seed: int, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_tasks(archive, tmp_path / "whole", shard_bytes=SMALL)
    chance = random.Random(seed)
    create = parts.create_once

    def dying(*arguments: object) -> bool:
        if chance.random() < 0.04:
            raise Died
        done: bool = create(*arguments)  # type: ignore[arg-type]
        if chance.random() < 0.04:
            raise Died
        return done

    monkeypatch.setattr(parts, "create_once", dying)
    deaths, left = 0, [(index, 3) for index in range(3)]
    while left:
        one = chance.choice(left)
        try:
            run_tasks(archive, tmp_path / "out", [one], shard_bytes=SMALL)
            left.remove(one)
        except Died:
            deaths += 1
    assert deaths
    assert written(tmp_path / "out") == written(tmp_path / "whole")


def test_full_parts_follow_each_other_and_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text(csv_text(9_000, 4))
    run_tasks(tmp_path / "a.csv", tmp_path / "one")
    monkeypatch.setattr(parts, "PART_CHARACTERS", 100_000)
    run_tasks(tmp_path / "a.csv", tmp_path / "many")
    names = sorted(path.name for path in (tmp_path / "many" / "a.csv").iterdir())
    assert len(names) > 3
    assert joined(tmp_path / "many", "a.csv") == joined(tmp_path / "one", "a.csv")
    for name in ("manifest.json", *(f"_parts/0000000-{n:04d}.json" for n in range(2, len(names)))):
        (tmp_path / "many" / name).unlink()
    for name in names[2:]:
        (tmp_path / "many" / "a.csv" / name).unlink()
    run_tasks(tmp_path / "a.csv", tmp_path / "many")
    assert joined(tmp_path / "many", "a.csv") == joined(tmp_path / "one", "a.csv")


def test_bad_rows_come_back_in_place_and_are_counted(tmp_path: Path) -> None:
    lines = [
        "id,title,priority",
        "1,Down,high",
        '2,"no" good,high',
        "3,,high",
        "4,a,b,c",
        "5,x,low",
    ]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    outcome = run_tasks(tmp_path / "a.csv", tmp_path / "out")
    assert outcome is not None
    rows = table(joined(tmp_path / "out", "a.csv"))
    assert [row["id"] for row in rows] == ["1", '2,"no" good,high', "3", "4,a,b,c", "5"]
    assert [row["error"].partition(":")[0] for row in rows] == [
        "",
        "line 3",
        "line 4",
        "line 5",
        "",
    ]
    assert (outcome.rows, outcome.bad, outcome.refused) == (5, 3, ())
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["rows"], manifest["scored"], manifest["bad"]) == (5, 2, 3)


def test_json_lines_keep_what_is_inside_them(tmp_path: Path) -> None:
    ticket = {"id": 1, "title": "Down", "source": "email", "tags": ["a", {"b": 1}], "urgent": None}
    (tmp_path / "a.jsonl").write_text(json.dumps(ticket) + "\n{broken\n")
    run_tasks(tmp_path / "a.jsonl", tmp_path / "out", form="jsonl", reasons=1)
    good, bad = map(json.loads, joined(tmp_path / "out", "a.jsonl").splitlines())
    assert {name: good[name] for name in ticket} == ticket
    assert good["urgent_scored"] is True
    assert good["version"] == 2
    assert [reason["word"] for reason in good["reasons"]] == ["email"]
    assert bad == {"raw": "{broken", "error": "line 2: the line is not a JSON object."}


def test_a_column_that_is_called_like_a_score_stays(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title,urgent,error\nDown,yes,none\n")
    run_tasks(tmp_path / "a.csv", tmp_path / "out", reasons=3)
    head = joined(tmp_path / "out", "a.csv").decode().splitlines()[0]
    assert head == "title,urgent,error,urgent_scored,probability,version,reasons,error_scored"


def test_what_cannot_be_cut_is_one_tasks(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    text = csv_text(200, 5, bad=0.05)
    (folder / "a.csv").write_text(text)
    (folder / "b.csv.gz").write_bytes(gzip.compress(text.encode()))
    rows = [["ticket_id", "title", "priority"], *([f"T-{n}", "Down", "high"] for n in range(50))]
    (folder / "c.xlsx").write_bytes(xlsx_bytes(rows))
    tickets = [dict(zip(rows[0], one, strict=True)) for one in rows[1:]]
    (folder / "d.json").write_text(json.dumps({"tickets": tickets}))
    outcome = run_tasks(folder, tmp_path / "out", [(0, 3), (1, 3), (2, 3)], shard_bytes=SMALL)
    assert outcome is not None
    assert joined(tmp_path / "out", "b.csv.gz") == joined(tmp_path / "out", "a.csv")
    assert [row["ticket_id"] for row in table(joined(tmp_path / "out", "c.xlsx"))] == [
        f"T-{n}" for n in range(50)
    ]
    assert joined(tmp_path / "out", "d.json") == joined(tmp_path / "out", "c.xlsx")


def test_all_tasks_have_the_model_of_the_first(archive: Path, tmp_path: Path) -> None:
    registry = registry_with(1, 2)
    run_tasks(archive, tmp_path / "out", [(0, 2)], registry=registry)
    release(registry, put_model(registry, 3, strength=9.0))
    outcome = run_tasks(archive, tmp_path / "out", [(1, 2)], registry=registry)
    assert outcome is not None
    assert outcome.version == 2
    assert {row["version"] for row in table(joined(tmp_path / "out", "2024/q2.csv"))} <= {"2", ""}
    assert run_tasks(archive, tmp_path / "new", version=1, registry=registry).version == 1  # type: ignore[union-attr]


def test_one_output_is_one_run(archive: Path, tmp_path: Path) -> None:
    run_tasks(archive, tmp_path / "out")
    with pytest.raises(SettingsError, match="holds another run, with reasons 0"):
        run_tasks(archive, tmp_path / "out", reasons=3)
    with pytest.raises(SettingsError, match="no version 7"):
        run_tasks(archive, tmp_path / "other", version=7)


def test_other_bytes_under_a_parts_name_are_not_passed_over(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "old.jsonl").mkdir(parents=True)
    (tmp_path / "out" / "old.jsonl" / "part-000000-0000.csv").write_text("mine")
    with pytest.raises(CorruptObject, match="holds other bytes"):
        run_tasks(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 9, "this is a picture"),
        (b"a,b\n1,2\n", "the first line has 2 cells"),
        (b"", "the file is empty"),
        (gzip.compress(csv_text(300, 1).encode())[:-40], "the gzip archive ends too early"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_harms_no_other(
    body: bytes, reason: str, archive: Path, tmp_path: Path
) -> None:
    (archive / "broken").write_bytes(body)
    outcome = run_tasks(archive, tmp_path / "out", [(0, 2), (1, 2)])
    assert outcome is not None
    [refused] = outcome.refused
    assert reason in refused
    assert refused.startswith("broken, line ")
    assert outcome.rows > 280


def test_an_empty_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no file at"):
        run_tasks(tmp_path / "nothing", tmp_path / "out")


@pytest.mark.parametrize("target", ["gs://b/in", "gs://b/in/", "gs://b/in/scored"])
def test_scores_do_not_lie_among_what_is_scored(target: str) -> None:
    with pytest.raises(SettingsError, match="is inside"):
        expect_apart("gs://b/in/", target)
    expect_apart("gs://b/in", "gs://b/in2")


def test_before_the_first_model_nothing_is_scored(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no model yet"):
        run_tasks(archive, tmp_path / "out", registry=registry_with())
