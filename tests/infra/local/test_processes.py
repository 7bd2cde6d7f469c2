from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra.local.processes import (
    RESTARTS,
    ProcessError,
    Supervisor,
    answers,
    kill_orphans,
    launch,
)
from infra.local.server import free_ports
from tests.support.cloud.programs import ANSWERS, STUBBORN, is_alive, program
from tests.support.waiting import eventually

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def supervise(ending: ExitStack, folder: Path, *codes: str) -> tuple[Supervisor, list[int]]:
    ports = free_ports(len(codes))
    programs = [
        program(folder, port, code, f"part-{port}") for port, code in zip(ports, codes, strict=True)
    ]
    supervisor = Supervisor(programs)
    supervisor.start()
    ending.callback(supervisor.stop, 1.0)
    return supervisor, ports


def test_programs_start_side_by_side_and_are_ready_when_they_answer(
    tmp_path: Path, ending: ExitStack
) -> None:
    supervisor, ports = supervise(ending, tmp_path, ANSWERS, ANSWERS)
    supervisor.wait_until_ready()
    assert all(answers(port) for port in ports)
    assert all(is_alive(pid) for pid in supervisor.children)


def test_one_that_ends_instead_of_starting_shows_the_end_of_its_log(
    tmp_path: Path, ending: ExitStack
) -> None:
    supervisor, _ = supervise(
        ending, tmp_path, "print('first'); raise SystemExit('no such setting')"
    )
    with pytest.raises(ProcessError, match=r"(?s)exit code 1 instead of starting.*no such setting"):
        supervisor.wait_until_ready()


def test_one_that_never_is_listening_is_given_up(tmp_path: Path, ending: ExitStack) -> None:
    supervisor, _ = supervise(
        ending, tmp_path, "import time; print('dozing', flush=True); time.sleep(60)"
    )
    with pytest.raises(ProcessError, match=r"did not answer within 0.5 s"):
        supervisor.wait_until_ready(0.5)


def test_one_that_dies_is_started_again(tmp_path: Path, ending: ExitStack) -> None:
    supervisor, (port,) = supervise(ending, tmp_path, ANSWERS)
    supervisor.wait_until_ready()
    (before,) = supervisor.children
    os.kill(before, signal.SIGKILL)
    (name,) = eventually(supervisor.restart_dead)
    assert name == f"part-{port}"
    supervisor.wait_until_ready()
    assert list(supervisor.children) != [before]


def test_one_that_keeps_dying_is_given_up(tmp_path: Path, ending: ExitStack) -> None:
    supervisor, _ = supervise(ending, tmp_path, "raise SystemExit('poisoned')")

    def restart() -> bool:
        supervisor.restart_dead()
        return False

    with pytest.raises(ProcessError, match=rf"(?s)died {RESTARTS + 1} times.*poisoned"):
        eventually(restart)


def test_stopping_is_polite_then_firm_and_leaves_nothing_behind(
    tmp_path: Path, ending: ExitStack
) -> None:
    deaf = (  # and so is the child, which inherits it
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    with_child = f"{deaf}import subprocess; print(subprocess.Popen({SLEEP!r}).pid, flush=True)\n"
    supervisor, ports = supervise(ending, tmp_path, with_child + STUBBORN, ANSWERS)
    supervisor.wait_until_ready()
    grandchild = int((tmp_path / f"part-{ports[0]}.log").read_text())
    pids = [*supervisor.children, grandchild]
    supervisor.stop(0.5)  # without the kill it would wait for ever
    for pid in pids:
        eventually(lambda pid=pid: not is_alive(pid))


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="only Linux ends children with their parent; elsewhere `up` cleans",
)
def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = f"""
import os, time
from pathlib import Path
from infra.local.processes import launch
folder = Path({str(tmp_path)!r})
print(launch({SLEEP!r}, os.environ, folder, folder / "log").pid, flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE)
    assert process.stdout
    child = int(process.stdout.readline())
    command = Path(f"/proc/{child}/cmdline")
    eventually(lambda: (shown := command.read_bytes()) and b"setpriv" not in shown)  # tied by now
    process.kill()
    process.communicate()
    eventually(lambda: not is_alive(child))


def test_leftovers_are_killed_only_where_they_still_run_our_command(tmp_path: Path) -> None:
    ours = launch(SLEEP, os.environ, tmp_path, tmp_path / "a.log")
    others = launch(SLEEP, os.environ, tmp_path, tmp_path / "b.log")
    kill_orphans({ours.pid: SLEEP, others.pid: [sys.executable, "-m", "gunicorn"]})
    assert ours.wait(60) == -signal.SIGKILL
    assert others.poll() is None
    kill_orphans({others.pid: SLEEP, ours.pid: SLEEP})
    assert others.wait(60) == -signal.SIGKILL
