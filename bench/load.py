"""A server on one core and its load from another: Linux, with wrk and taskset."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

_CHECKOUT = Path(__file__).parents[1]
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
START_S = 120
STOP_S = 15


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

    @property
    def cpu_s_an_answer(self) -> float:
        """The server's processor time; not 0, since it is counted in hundredths of a second."""
        return max(self.cpu_s, _TICK_S) / max(self.answers, 1)


@dataclass(frozen=True)
class Server:
    """A running server; `pid` leads its group of processes, `start_s` is to its first answer."""

    pid: int
    port: int
    path: str
    start_s: float = 0.0

    def load(self, connections: int, bodies: Path, seconds: int) -> Load:
        """Ask on so many connections, on each again as soon as there is an answer."""
        script = ["-s", str(_CHECKOUT / "bench/post.lua"), self._url]
        wrk = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", *script]
        return self._loaded(wrk, bodies)

    def arrivals(self, rate: float, bodies: Path, seconds: int) -> Load:
        """Ask `rate` times a second, whatever is answered (bench.open_loop)."""
        asking = [sys.executable, "-m", "bench.open_loop", self._url, str(rate), str(seconds)]
        return self._loaded([*asking, str(bodies)], bodies)

    def _loaded(self, command: list[str], bodies: Path) -> Load:
        before = self.cpu_s()
        environ = os.environ | {"BODIES": str(bodies), "PYTHONPATH": str(_CHECKOUT)}
        ran = subprocess.run(pinned(1, command), env=environ, stdout=subprocess.PIPE, check=True)
        said = json.loads(ran.stdout.splitlines()[-1])
        return Load(**said, cpu_s=self.cpu_s() - before)

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def post(self, body: bytes) -> float:
        """Seconds until the answer to one request. Raises OSError, HTTPError if it is refused."""
        kind = {"Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.port}{self.path}"
        began = time.perf_counter()
        with urllib.request.urlopen(urllib.request.Request(url, body, kind), timeout=60) as answer:
            answer.read()
        return time.perf_counter() - began

    def status(self, body: bytes) -> int:
        """The status of the answer to one request. Raises OSError."""
        try:
            self.post(body)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code
        return 200

    @contextmanager
    def half_sent(self, many: int) -> Iterator[None]:
        """So many requests whose bodies do not come."""
        head = f"POST {self.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode()
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
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                todo += map(int, children.read_text().split())


@contextmanager
def served(
    command: Sequence[str], environ: Mapping[str, str], path: str, body: bytes, log: Path
) -> Iterator[Server]:
    """The server that `command` starts, from its first answer on. Raises TimeoutError.

    In the command and in values of `environ`, {port} and {other} are ports that nobody uses.
    """
    ports = dict(zip(("port", "other"), _free_ports(2), strict=True))
    named = {name: value.format(**ports) for name, value in environ.items()}
    surroundings = os.environ | named | {"PORT": str(ports["port"]), "PYTHONPATH": str(_CHECKOUT)}
    arguments = pinned(0, [part.format(**ports) for part in command])
    with log.open("wb") as out:
        process = subprocess.Popen(
            arguments, env=surroundings, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield _answering(process, Server(process.pid, ports["port"], path), body)
    finally:
        _end_group(process)


def _free_ports(many: int) -> list[int]:
    with ExitStack() as all_taken:
        taken = [all_taken.enter_context(socket.socket()) for _ in range(many)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a server and the workers that it would leave behind."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """`command` on this core alone."""
    return ["taskset", "-c", str(core), *command]


def _answering(process: subprocess.Popen[bytes], server: Server, body: bytes) -> Server:
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < START_S:
        try:
            server.post(body)
        except OSError:
            time.sleep(0.02)
        else:
            return replace(server, start_s=time.monotonic() - began)
    raise TimeoutError("The server does not answer.")


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()
