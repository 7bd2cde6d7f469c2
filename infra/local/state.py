"""The state folder: where a stack keeps everything, who runs in it, and how to reach it."""

import base64
import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import urllib3

from functions.helpdesks import HELPDESKS
from urgency.errors import UrgencyError

NEEDED_BYTES = 200 * 2**20
PRIVATE = 0o700


class StateError(UrgencyError):
    """The state folder cannot be used; the message says why and what to do."""


class Home:
    """Names of what is in the state folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cloud = root / "cloud"  # what the pocket cloud keeps: objects, messages, keys
        self.logs = root / "logs"  # `<process>.log` of every process
        self.execution_logs = self.logs / "executions"  # `<execution>.log` of every job's run
        self.timeline = self.logs / "events.jsonl"  # what happened, hop by hop (`timeline.py`)
        self.stack = root / "stack.json"  # the running stack, as a `Stack`
        self.webhook_secret = root / "webhook-secret"  # what helpdesks sign with, made once
        self.ports = root / "ports.json"  # of the last run, so that the next has the same URLs


@dataclass(frozen=True)
class Urls:
    """Where everything answers; `functions` by name."""

    pocket: str
    service: str
    instances: list[str]
    functions: dict[str, str]


@dataclass(frozen=True)
class Stack:
    """A running stack. `operator` is the operator's environment; `children` are pid -> command."""

    pid: int
    urls: Urls
    started_at: str
    wiring: str
    operator: dict[str, str]
    children: dict[int, list[str]]


def home_of(environment: Mapping[str, str]) -> Home:
    """The folder that URGENCY_HOME names, else `.urgency` in the working folder."""
    return Home(Path(environment.get("URGENCY_HOME") or ".urgency").resolve())


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Make the folder ready and keep other stacks out of it. Raises StateError."""
    with saying_why(home.root):
        for folder in (home.root, home.cloud, home.execution_logs):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if shutil.disk_usage(home.root).free < NEEDED_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        lock = (home.root / "lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            advice = "stop it with 'urgency down', or set URGENCY_HOME to another folder"
            raise StateError(f"A stack is already running in {home.root}; {advice}.") from error
        yield


@contextmanager
def saying_why(folder: Path) -> Iterator[None]:
    """Translate an error of the disk into one sentence. Raises StateError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = f"The disk of {folder} is full; free {NEEDED_BYTES >> 20} MB or"
            advice = "set URGENCY_HOME to a folder elsewhere."
        else:
            problem = f"Cannot write to {folder} ({error.strerror});"
            advice = "set URGENCY_HOME to a folder that you may write to."
        raise StateError(f"{problem} {advice}") from error


def write_stack(home: Home, stack: Stack) -> None:
    """Say that `stack` runs here; readers see the old file or the new one."""
    _replace(home.stack, asdict(stack))


def read_stack(home: Home) -> Stack | None:
    """The stack of this folder, running or not; None without one. Raises StateError."""
    try:
        content = json.loads(home.stack.read_text())
        children = {int(pid): command for pid, command in content["children"].items()}
        return Stack(**content | {"urls": Urls(**content["urls"]), "children": children})
    except FileNotFoundError:
        return None
    except (KeyError, TypeError) as error:
        advice = "Stop its stack with the version that started it, or delete the file."
        problem = f"{home.stack} is not of this version ({error})."
        raise StateError(f"{problem} {advice}") from error


def running_stack(home: Home) -> Stack | None:
    """The stack that runs here: its process lives and its pocket cloud answers."""
    stack = read_stack(home)
    return stack if stack and _is_alive(stack) else None


def forget_stack(home: Home) -> None:
    """Say that no stack runs here."""
    home.stack.unlink(missing_ok=True)


def read_ports(home: Home) -> dict[str, int]:
    """Container's name, or 'pocket' -> its port in the last run."""
    return json.loads(home.ports.read_text()) if home.ports.exists() else {}


def write_ports(home: Home, ports: Mapping[str, int]) -> None:
    """Remember the ports for the next run."""
    _replace(home.ports, dict(ports))


def _is_alive(stack: Stack) -> bool:
    try:
        os.kill(stack.pid, 0)
        urllib3.request("GET", stack.urls.pocket, timeout=2.0, retries=False)
    except (ProcessLookupError, urllib3.exceptions.HTTPError):
        return False
    return True


def _replace(file: Path, content: Mapping[str, object]) -> None:
    with saying_why(file.parent):
        draft = file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(content, indent=1))
        draft.replace(file)


def webhook_secret(home: Home) -> str:
    """The secret of every helpdesk in this stack, as Secret Manager would hold it."""
    if not home.webhook_secret.exists():
        one = base64.b64encode(secrets.token_bytes(24)).decode()
        home.webhook_secret.touch(mode=0o600)
        home.webhook_secret.write_text(",".join(f"{name}={one}" for name in HELPDESKS))
    return home.webhook_secret.read_text()
