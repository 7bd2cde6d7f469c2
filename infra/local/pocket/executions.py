"""Executions of Cloud Run jobs as subprocesses, with the container contract of the real thing.

https://cloud.google.com/run/docs/container-contract#jobs-env-vars
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from infra.local.timeline import Timeline
from infra.local.wiring import Container

AT_ONCE = 4
"""Executions that run side by side; more wait their turn, as this machine has few cores."""
RETRY_PAUSE_S = 1.0
GRACE_S = 10.0
"""Between SIGTERM and SIGKILL when a task runs out of time, as in Cloud Run."""
OUR_OWN_DEATH_ENDS_IT = ("setpriv", "--pdeathsig", "KILL", "--")


class State(Enum):
    """Of an execution, in Cloud Run's words."""

    PENDING = "CONDITION_PENDING"
    RUNNING = "CONDITION_RECONCILING"
    SUCCEEDED = "CONDITION_SUCCEEDED"
    FAILED = "CONDITION_FAILED"


@dataclass
class Execution:
    """One run of a job: its attempts, one after another, until one succeeds."""

    name: str
    job: Container
    created: datetime
    state: State = State.PENDING
    started: datetime | None = None
    completed: datetime | None = None
    retried: int = 0
    cancelled: bool = False
    reason: str = ""
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Command:
    """What a job's container starts: `arguments` and `environment` are complete."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
