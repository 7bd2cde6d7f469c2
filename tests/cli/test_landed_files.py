"""What lies in the bucket is listed with its answer, and deleted by generation."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Iterator
from dataclasses import asdict

import pytest
import typer

from cli.landed_files import delete_files, landed_files, live_files, whether_live
from cli.landing import JSON, newest_receipts, read_receipt
from cli.usage_error import UsageError
from cli.verb_group import load_verb
from cli.verbs import ls, receipts, rm
from tests.cli.operator_world import World
from urgency.errors import Conflict


def answered() -> World:
    """Two files with a receipt, one replaced since, a new one, an empty one and a folder's mark."""
    world = World()
    world.landing.put("incoming/empty.csv", b"", 0)
    world.drop("a.csv", "team/b.csv")
    world.reconcile()
    world.drop("a.csv", "new.csv")
    world.landing.put("incoming/mark/", b"", 0)
    return world


def test_files_are_listed_by_name_with_the_status_of_their_own_receipt() -> None:
    found = landed_files(answered().landing)
    assert [(file.name, file.status) for file in found] == [
        ("a.csv", None),
        ("empty.csv", "set aside"),
        ("new.csv", None),
        ("team/b.csv", "partly"),
    ]
    assert [file.is_answered for file in found] == [False, True, False, True]
    assert all(file.at.tzinfo for file in found)
    assert found[1].size_bytes == 0


@pytest.mark.parametrize("folder", ["team", "team/", "incoming/team"])
def test_a_folder_can_be_listed_alone(folder: str) -> None:
    assert [file.name for file in landed_files(answered().landing, folder)] == ["team/b.csv"]


def test_a_deleted_file_is_no_part_of_the_next_model_and_the_bucket_keeps_it() -> None:
    world = answered()
    before = live_files(world.landing, ["team/b.csv", "incoming/team/b.csv", "new.csv"])
    assert [file.name for file in before] == ["incoming/team/b.csv", "incoming/new.csv"]
    deleted = delete_files(world.landing, before)
    assert [file.object for file in deleted] == ["incoming/team/b.csv", "incoming/new.csv"]
    world.reconcile()
    snapshot = world.registry.newest_snapshot()
    assert snapshot is not None
    assert [file.name for file in snapshot.files] == ["incoming/empty.csv", "incoming/a.csv"]
    assert world.landing.open_at(before[0].name, before[0].generation).read()


def test_a_file_that_is_not_there_is_named_and_nothing_is_deleted() -> None:
    with pytest.raises(UsageError, match=r"no file b\.csv; 'urgency ls'"):
        live_files(answered().landing, ["a.csv", "b.csv"])


def test_a_file_that_was_replaced_meanwhile_stays() -> None:
    world = answered()
    files = live_files(world.landing, ["a.csv"])
    world.drop("a.csv")
    with pytest.raises(Conflict):
        delete_files(world.landing, files)
    assert live_files(world.landing, ["a.csv"])


def test_receipts_say_whether_their_file_is_gone() -> None:
    world = answered()
    delete_files(world.landing, live_files(world.landing, ["empty.csv"]))
    names = newest_receipts(world.landing, None)
    found = [json.loads(read_receipt(world.landing, name, JSON)) for name in names]
    live = dict(
        zip((each["file"] for each in found), whether_live(world.landing, found), strict=True)
    )
    assert live == {
        "incoming/a.csv": False,
        "incoming/empty.csv": False,
        "incoming/team/b.csv": True,
    }


# The verbs


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = answered()
    for verb in (ls, receipts):
        monkeypatch.setattr(verb, "reach", lambda: world.system)
    monkeypatch.setattr(rm, "reach_to_change", lambda: world.system)
    return world


def run(capsys: pytest.CaptureFixture[str], verb: str, *args: str) -> str:
    load_verb(verb).main([*args], standalone_mode=False)
    return capsys.readouterr().out


def test_ls_shows_name_size_time_and_answer(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(capsys, "ls").splitlines()
    assert [line.split()[0] for line in lines[3:] if line.strip()] == [
        *("a.csv", "empty.csv", "new.csv", "team/b.csv")
    ]
    assert lines[3].rstrip().endswith("not yet")
    assert "set aside" in lines[4]
    listed = json.loads(run(capsys, "ls", "team", "--json"))
    assert set(listed[0]) == set(asdict(landed_files(world.landing)[0]))
    assert listed[0]["status"] == "partly"


def test_an_empty_bucket_says_how_to_begin(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "urgency drop" in run(capsys, "ls", "nothing-below-this")


def test_rm_says_that_the_next_model_is_made_without_the_file_and_how_long_it_is_kept(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "rm", "a.csv", "--yes")
    assert "Deleted incoming/a.csv" in out
    assert "next model is made without these files" in out
    assert "37 days" in out
    assert landed_files(world.landing)[0].name == "empty.csv"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What a person types into standard input, as a file descriptor."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield ours
    os.close(ours)


def test_at_a_terminal_rm_names_the_files_and_asks(
    world: World, terminal: int, capsys: pytest.CaptureFixture[str]
) -> None:
    os.write(terminal, b"y\n")
    out = run(capsys, "rm", "a.csv", "team/b.csv")
    question = "made without these files: incoming/a.csv, incoming/team/b.csv\nDelete them? [y/N]: "
    assert question in out
    assert out.index("Deleted incoming/a.csv") > out.index("Delete them?")
    assert [file.name for file in landed_files(world.landing)] == ["empty.csv", "new.csv"]


@pytest.mark.parametrize("answer", ["n", "", "x\nno"])
def test_without_a_yes_nothing_is_deleted(
    world: World, terminal: int, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    before = landed_files(world.landing)
    os.write(terminal, f"{answer}\n".encode())
    with pytest.raises(typer.Abort):
        run(capsys, "rm", "a.csv")
    assert "Deleted" not in capsys.readouterr().out
    assert landed_files(world.landing) == before


def test_a_file_that_is_not_there_is_named_before_anybody_is_asked(
    world: World, terminal: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=r"no file b\.csv"):
        run(capsys, "rm", "b.csv")
    assert capsys.readouterr().out == ""


def test_receipts_have_a_status_and_mark_files_that_are_gone(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = run(capsys, "receipts").splitlines()
    rows = {line.split()[0]: line for line in lines if ".csv" in line}
    assert "a.csv (gone)" in rows["a.csv"]
    assert "gone" not in rows["team/b.csv"]
    assert "partly" in rows["team/b.csv"]
    assert "PROMOTE 1" in rows["team/b.csv"]
    assert "set aside" in rows["empty.csv"]
    assert "PROMOTE" not in rows["empty.csv"]
    found = json.loads(run(capsys, "receipts", "--json"))
    assert {each["file"]: each["gone"] for each in found}["incoming/a.csv"]
