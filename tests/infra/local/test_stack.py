from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3
from google.cloud import storage
from google.oauth2.credentials import Credentials

from infra.local.containers import Commands
from infra.local.processes import ProcessError
from infra.local.server import PortTaken, listen
from infra.local.stack import Options, run_stack
from infra.local.state import Home, Stack, StateError, read_stack, running_stack
from infra.local.timeline import read_timeline
from infra.local.wiring import Container
from tests.support.cloud.programs import ANSWERS, STUBBORN, is_alive, python
from tests.support.waiting import HANGS_S, eventually
from urgency.errors import UrgencyError

FAST = Options(speedup=100)


@dataclass
class Parts(Commands):
    """Small programs for functions, service and job; they write what they are sent to `seen`."""

    seen: Path
    code: str = ANSWERS

    def function(self, container: Container, port: int) -> list[str]:
        return self._answering(f"function {container.name}", port)

    def service(self, container: Container, port: int) -> list[str]:
        return self._answering(f"service {port}", port)

    def job(self, container: Container) -> list[str]:
        return python("print('job')", 0)

    def _answering(self, name: str, port: int) -> list[str]:
        return python(
            f"import os; os.environ['SEEN'] = {str(self.seen / name)!r}\n{self.code}", port
        )


@dataclass
class StackThread:
    """A stack in a thread of the test, since the last `start`."""

    home: Home
    commands: Parts
    stack: Stack | None = None
    error: UrgencyError | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self, options: Options = FAST) -> Stack:
        self.stopped.clear()
        self.stack = None
        self.thread = threading.Thread(target=self._run, args=[options])
        self.thread.start()
        return eventually(lambda: self.stack or self._failed())

    def stop(self) -> None:
        self.stopped.set()
        if self.thread:
            self.thread.join(HANGS_S)
            assert not self.thread.is_alive()

    def _run(self, options: Options) -> None:
        try:
            run_stack(
                self.home,
                options,
                stopped=self.stopped.is_set,
                ready=self._ready,
                commands=self.commands,
            )
        except UrgencyError as error:
            self.error = error

    def _ready(self, stack: Stack) -> None:
        self.stack = stack

    def _failed(self) -> Any:
        if self.error:
            raise self.error


@pytest.fixture
def running(tmp_path: Path) -> Iterator[StackThread]:
    thread = StackThread(Home(tmp_path / "home"), Parts(tmp_path))
    yield thread
    thread.stop()


def drop(stack: Stack, token: str) -> None:
    client = storage.Client(
        "local-helpdesk",
        credentials=Credentials(token),
        client_options={"api_endpoint": stack.urls.pocket},
    )
    client.bucket(stack.operator["URGENCY_LANDING_BUCKET"]).blob(
        "incoming/a.csv"
    ).upload_from_string("title\nx\n")


def token_of(stack: Stack, path: str) -> bytes:
    url = f"http://{stack.operator['GCE_METADATA_HOST']}/computeMetadata/v1/instance/service-accounts/default/{path}"
    return urllib3.request("GET", url, headers={"Metadata-Flavor": "Google"}, retries=False).data


def call_service(stack: Stack) -> int:
    token = token_of(stack, f"identity?audience={stack.urls.service}").decode()
    return urllib3.request(
        "POST", stack.urls.service, headers={"Authorization": f"Bearer {token}"}, retries=False
    ).status


def test_a_dropped_csv_reaches_the_function_as_the_wiring_says(
    running: StackThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    stack = running.start()
    drop(stack, json.loads(token_of(stack, "token"))["access_token"])
    seen = tmp_path / "function on-csv-landed"
    pushed = json.loads(eventually(lambda: seen.exists() and seen.read_text()))
    assert pushed["message"]["attributes"]["objectId"] == "incoming/a.csv"
    assert pushed["message"]["attributes"]["eventType"] == "OBJECT_FINALIZE"
    eventually(
        lambda: "push_delivered" in [line["hop"] for line in read_timeline(running.home.timeline)]
    )
    hops = [line["hop"] for line in read_timeline(running.home.timeline)]
    assert hops == ["object_finalize", "message_published", "push_delivered"]


def test_the_service_answers_its_person_from_every_instance_and_nobody_else(
    running: StackThread, tmp_path: Path
) -> None:
    stack = running.start()
    assert [call_service(stack) for _ in range(2)] == [200, 200]
    assert len(list(tmp_path.glob("service *"))) == 2
    assert urllib3.request("POST", stack.urls.service, retries=False).status == 403


def test_a_stack_says_where_it_is_until_it_has_stopped(running: StackThread) -> None:
    stack = running.start()
    assert running_stack(running.home) == stack
    assert (stack.pid, len(stack.urls.instances), len(stack.urls.functions)) == (os.getpid(), 2, 4)
    running.stop()
    assert read_stack(running.home) is None


def test_a_restart_has_the_same_urls(running: StackThread) -> None:
    first = running.start()
    running.stop()
    second = running.start()
    assert (second.urls.pocket, second.urls.service) == (first.urls.pocket, first.urls.service)
    assert second.urls.functions == first.urls.functions


def test_stopping_leaves_no_process_even_when_none_of_them_listens(running: StackThread) -> None:
    running.commands.code = STUBBORN
    pids = list(running.start().children)
    running.stop()
    for pid in pids:
        eventually(lambda pid=pid: not is_alive(pid))


def test_a_process_that_dies_is_replaced_and_the_description_follows(running: StackThread) -> None:
    stack = running.start()
    victim = list(stack.children)[-1]
    os.kill(victim, 9)
    replaced = eventually(
        lambda: (now := read_stack(running.home)) and victim not in now.children and now
    )
    assert len(replaced.children) == len(stack.children)
    eventually(lambda: [call_service(stack) for _ in range(2)] == [200, 200])


def test_a_second_stack_in_the_same_home_is_refused(running: StackThread, tmp_path: Path) -> None:
    running.start()
    with pytest.raises(StateError, match="already running"):
        run_stack(
            running.home,
            Options(),
            stopped=lambda: True,
            ready=lambda _: None,
            commands=Parts(tmp_path),
        )


def test_two_stacks_in_two_homes_run_side_by_side(running: StackThread, tmp_path: Path) -> None:
    other = StackThread(Home(tmp_path / "other"), Parts(tmp_path))
    try:
        assert running.start().urls.pocket != other.start().urls.pocket
    finally:
        other.stop()


def test_a_port_that_is_taken_is_one_clear_sentence_and_nothing_is_left(
    running: StackThread,
) -> None:
    with listen() as taken, pytest.raises(PortTaken) as refused:
        running.start(Options(port=taken.getsockname()[1]))
    assert str(refused.value).startswith(f"Port {taken_port(refused)} is taken by another process;")
    assert read_stack(running.home) is None


def taken_port(refused: pytest.ExceptionInfo[PortTaken]) -> str:
    return str(refused.value).split()[1]


def test_a_part_that_does_not_start_ends_the_stack_with_its_log(running: StackThread) -> None:
    running.commands.code = "raise SystemExit('URGENCY_PROJECT is not set')"
    with pytest.raises(ProcessError, match=r"(?s)on-csv-landed ended .*URGENCY_PROJECT is not set"):
        running.start()
    assert read_stack(running.home) is None
