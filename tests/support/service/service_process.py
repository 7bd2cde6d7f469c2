"""The service as it runs in its container: a process with nothing but an environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.waiting import eventually

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class ServiceProcess:
    """A running service; `log` grows while it runs."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def terminate(self, timeout_s: float = 60) -> int:
        """SIGTERM, as Cloud Run sends it, and the exit code; the bound is far above the grace."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def answers(self) -> bool:
        """Whether the service accepts requests."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/health/live", timeout=10).ok
        except (requests.ConnectionError, requests.Timeout):
            return False


@contextmanager
def service_process(
    environ: Mapping[str, str],
    folder: Path,
    python: str = sys.executable,
    wait_s: float = 120,
    program: Sequence[str] = ("-m", "service"),
) -> Iterator[ServiceProcess]:
    """The service, or another program of Python, on a free port; `folder` gets its log."""
    port = _free_port()
    log = folder / "service.log"
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "PORT": str(port)}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [python, *program], cwd=folder, env=surroundings | environ, stderr=stream, stdout=stream
        )
    running = ServiceProcess(process, f"http://127.0.0.1:{port}", log)
    try:
        eventually(running.answers, wait_s)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
