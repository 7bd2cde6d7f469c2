from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.state import (
    Home,
    Stack,
    StateError,
    Urls,
    exclusive,
    forget_stack,
    home_of,
    read_ports,
    read_stack,
    running_stack,
    saying_why,
    write_ports,
    write_stack,
)
from infra.local.timeline import Timeline, read_timeline
from tests.support.cloud.receiver import receiver

STACK = Stack(
    pid=os.getpid(),
    urls=Urls(
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
        ["http://127.0.0.1:3"],
        {"f": "http://127.0.0.1:4"},
    ),
    started_at="2025-01-01T00:00:00+00:00",
    wiring="abc",
    operator={"URGENCY_PROJECT": "p"},
    children={123: ["python", "-m", "x"]},
)


def test_the_home_is_where_urgency_home_says_else_beside_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert home_of({"URGENCY_HOME": str(tmp_path / "x")}).root == tmp_path / "x"
    assert home_of({}).root == tmp_path / ".urgency"


def test_a_home_holds_one_stack_at_a_time(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")
    with (
        exclusive(home),
        pytest.raises(StateError, match=r"already running in .*URGENCY_HOME"),
        exclusive(home),
    ):
        pass
    with exclusive(home):
        assert home.execution_logs.is_dir()


def test_a_folder_that_cannot_be_made_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sentence = r"^Cannot write to .*file/home \(Not a directory\); set URGENCY_HOME"
    with pytest.raises(StateError, match=sentence), exclusive(Home(tmp_path / "file" / "home")):
        pass


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_clear_sentence(tmp_path: Path, number: int) -> None:
    with (
        pytest.raises(StateError, match=r"^The disk of .* is full; free .* MB"),
        saying_why(tmp_path),
    ):
        raise OSError(number, os.strerror(number))


def test_a_stack_is_described_whole_and_forgotten(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert read_stack(home) is None
    write_stack(home, STACK)
    assert read_stack(home) == STACK
    forget_stack(home)
    assert read_stack(home) is None


def test_the_description_is_its_owners_alone(tmp_path: Path) -> None:
    write_stack(Home(tmp_path), STACK)
    assert Home(tmp_path).stack.stat().st_mode & 0o077 == 0


def test_a_stack_runs_when_its_process_lives_and_its_cloud_answers(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with receiver() as pocket:
        alive = replace(STACK, urls=replace(STACK.urls, pocket=pocket.url))
        write_stack(home, alive)
        assert running_stack(home) == alive
        write_stack(home, replace(alive, pid=2**22 - 1))
        assert running_stack(home) is None
    write_stack(home, alive)
    assert running_stack(home) is None


def test_ports_are_remembered(tmp_path: Path) -> None:
    assert read_ports(Home(tmp_path)) == {}
    write_ports(Home(tmp_path), {"pocket": 4711})
    assert read_ports(Home(tmp_path)) == {"pocket": 4711}


def test_a_timeline_is_read_as_it_was_written_without_a_line_in_the_making(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    assert list(read_timeline(file)) == []
    Timeline(file).note("push_delivered", "a@b.example", status=200)
    with file.open("a") as unfinished:
        unfinished.write('{"time": ')
    (line,) = read_timeline(file)
    assert line.pop("time").endswith("Z")
    assert line == {"hop": "push_delivered", "who": "a@b.example", "status": 200}


def test_a_state_file_of_another_version_is_said_plainly(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_stack(home, STACK)
    home.stack.write_text(home.stack.read_text().replace('"operator"', '"person"'))
    with pytest.raises(StateError, match=r"stack\.json is not of this version .*'person'"):
        read_stack(home)
