"""The whole stack as a user starts it: one process of its own, real children, a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from infra.local.state import Home, running_stack
from infra.local.timeline import read_timeline
from tests.support.waiting import HANGS_S, eventually

CHECKOUT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
BEAT = """
import os
from jobs.protocol.publish import publisher
from urgency.messages import Heartbeat
from urgency.settings import read_settings
publisher(read_settings(os.environ))(Heartbeat())
"""


@dataclass(frozen=True)
class CommandResult:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class LiveStack:
    """A running stack, driven by the `urgency` command as its user would."""

    home: Home

    def urgency(self, *arguments: str, timeout_s: float = 120, **settings: str) -> CommandResult:
        """Run one verb against this stack."""
        return run(
            [str(BIN / "urgency"), *arguments],
            user_environment(self.home.root) | settings,
            timeout_s,
        )

    @property
    def instances(self) -> list[str]:
        stack = running_stack(self.home)
        assert stack is not None
        return stack.urls.instances

    def serving(self) -> list[int]:
        """Each instance's version, 0 where it has none; the question makes it check the pointer."""
        return [
            requests.get(f"{url}/v1/model", timeout=60).json().get("version", 0)
            for url in self.instances
        ]

    def hops(self, *kinds: str) -> list[dict[str, Any]]:
        """The timeline's lines of these kinds."""
        return [line for line in read_timeline(self.home.timeline) if line["hop"] in kinds]


def user_environment(home: Path) -> dict[str, str]:
    """The environment of somebody at this machine, with nothing of the test's own."""
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
    }
    return kept | {
        "URGENCY_HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "COLUMNS": "120",
    }


def run(
    command: list[str], environment: Mapping[str, str], timeout_s: float = 120
) -> CommandResult:
    """Run a command in the checkout."""
    ended = subprocess.run(
        command,
        env=dict(environment),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return CommandResult(ended.returncode, ended.stdout, ended.stderr)


def publish_heartbeat(stack: LiveStack) -> None:
    """As Cloud Scheduler does every hour, but as the operator."""
    running = running_stack(stack.home)
    assert running is not None
    topic = {"URGENCY_RELEASE_TOPIC": "tickets-landed"}
    environment = user_environment(stack.home.root) | running.operator | topic
    assert run([sys.executable, "-c", BEAT], environment).code == 0


@contextmanager
def live_stack(folder: Path, *, checkout: Path = CHECKOUT, **settings: str) -> Iterator[LiveStack]:
    """`python -m infra.local` of `checkout` until the block ends; only back-offs are shorter."""
    home = Home(folder)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "stack.out"
    command = [sys.executable, "-m", "infra.local", "--speedup", "50"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=user_environment(folder) | settings,
            cwd=checkout,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            eventually(lambda: process.poll() is not None or running_stack(home))
            assert process.poll() is None, log.read_text()
            yield LiveStack(home)
        finally:
            process.terminate()
            assert process.wait(HANGS_S) == 0, log.read_text()
