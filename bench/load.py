"""A server on one core and its load from another: Linux, with wrk and taskset."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

_CHECKOUT = Path(__file__).parents[1]
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
START_S = 120
PATH = "/v1/predict"


@dataclass(frozen=True)
class Load:
    """What some seconds of load came to; `cpu_s` is the server's processor time."""

    answers: int
    microseconds: int
    refused: int
    lost: int
    p50_us: int
    p99_us: int
    cpu_s: float

    @property
    def good_per_s(self) -> float:
        """Answers that are no error."""
        return (self.answers - self.refused) / self.microseconds * 1e6


@dataclass(frozen=True)
class Server:
    """A running server; `pid` leads its group of processes."""

    pid: int
    port: int

    def load(self, connections: int, bodies: Path, seconds: int) -> Load:
        """Ask on so many connections, on each again as soon as there is an answer."""
        url = f"http://127.0.0.1:{self.port}{PATH}"
        script = ["-s", str(_CHECKOUT / "bench/post.lua")]
        wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", *script, url]
        before = self.cpu_s()
        environ = os.environ | {"BODIES": str(bodies)}
        ran = subprocess.run(pinned(1, wrk), env=environ, capture_output=True, check=True)
        said = json.loads(ran.stdout.splitlines()[-1])
        return Load(**said, cpu_s=self.cpu_s() - before)

    def post(self, body: bytes) -> float:
        """Seconds until the answer to one request. Raises OSError."""
        url, kind = f"http://127.0.0.1:{self.port}{PATH}", {"Content-Type": "application/json"}
        began = time.perf_counter()
        with urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=60) as answer:
            answer.read()
        return time.perf_counter() - began

    @contextmanager
    def half_sent(self, many: int) -> Iterator[None]:
        """So many requests whose bodies do not come."""
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode()
        with ExitStack() as clients:
            for _ in range(many):
                client = socket.create_connection(("127.0.0.1", self.port))
                clients.enter_context(client)
                client.sendall(head)
            yield

    def cpu_s(self) -> float:
        """User and system time so far (man 5 proc: fields 14 and 15)."""
        fields = [_read(pid, "stat").rpartition(")")[2].split()[11:13] for pid in self._tree()]
        return sum(int(ticks) for of_one in fields for ticks in of_one) * _TICK_S

    def pss_mb(self) -> float:
        """Proportional memory."""
        lines = [line for pid in self._tree() for line in _read(pid, "smaps_rollup").splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

    def _tree(self) -> Iterator[int]:
        todo = [self.pid]
        while todo:
            pid = todo.pop()
            yield pid
            todo += map(int, _read(pid, f"task/{pid}/children").split())


@contextmanager
def served(
    command: Sequence[str], environ: Mapping[str, str], body: bytes, log: Path
) -> Iterator[Server]:
    """The server that `command` starts, from its first answer on. Raises TimeoutError."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    surroundings = os.environ | environ | {"PORT": str(port), "PYTHONPATH": str(_CHECKOUT)}
    arguments = [sys.executable, "-m", *(part.format(port=port) for part in command)]
    with log.open("wb") as out:
        process = subprocess.Popen(pinned(0, arguments), env=surroundings, stdout=out, stderr=out)
    try:
        yield _answering(Server(process.pid, port), body)
    finally:
        process.terminate()
        process.wait()


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """`command` on this core alone."""
    return ["taskset", "-c", str(core), *command]


def _answering(server: Server, body: bytes) -> Server:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            server.post(body)
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
        else:
            return server
    raise TimeoutError("The server does not answer; see its log.")


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()
