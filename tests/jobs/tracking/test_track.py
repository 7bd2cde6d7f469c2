from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jobs.tracking.track import TRACKED, track_all
from tests.support.models import put_model, registry_with, release
from urgency.errors import Conflict, Unavailable
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import Settings
from urgency.store import ABSENT

OWN_STORE = Settings()


class Run:
    """One H step with `script`, a Python program, in the place of MLflow's process; `lines` is what
    was logged.
    """

    def __init__(
        self, registry: Registry, script: str, settings: Settings = OWN_STORE, bound_s: float = 20.0
    ) -> None:
        stream = io.StringIO()
        command = (sys.executable, "-c", script)
        track_all(settings, registry, Log(stream=stream), command=command, bound_s=bound_s)
        self.lines: list[dict[str, Any]] = [
            json.loads(line) for line in stream.getvalue().splitlines()
        ]

    @property
    def events(self) -> list[str]:
        return [line["message"] for line in self.lines]


def test_with_nothing_committed_no_process_is_started() -> None:
    assert Run(registry_with(), "raise SystemExit('started')").events == []


def test_what_was_tracked_is_not_tracked_again() -> None:
    registry = registry_with(1, 2)
    first = Run(registry, "")
    assert first.events == ["tracked"]
    assert first.lines[0]["versions"] == 2
    assert Run(registry, "raise SystemExit('started')").events == []


def test_a_new_version_a_moved_pointer_and_another_store_are_each_tracked() -> None:
    registry = registry_with(1)
    Run(registry, "")
    second = put_model(registry, 2)
    assert Run(registry, "").events == ["tracked"]
    release(registry, second)
    assert Run(registry, "").events == ["tracked"]
    assert Run(registry, "", Settings(mlflow_tracking_uri="http://mlflow.example")).events == [
        "tracked"
    ]


def test_a_failure_is_one_warning_with_its_reason_and_the_next_run_tries_again() -> None:
    registry = registry_with(1)
    failed = Run(registry, "raise SystemExit('noise\\nthe disk is full')")
    (line,) = failed.lines
    assert (line["severity"], line["message"], line["reason"]) == (
        "WARNING",
        "tracking_failed",
        "the disk is full",
    )
    assert Run(registry, "").events == ["tracked"]


def test_a_silent_failure_names_the_exit_code() -> None:
    (line,) = Run(registry_with(1), "raise SystemExit(7)").lines
    assert line["reason"] == "MLflow's process ended with 7."


def test_a_process_that_hangs_is_killed_at_the_bound(tmp_path: Path) -> None:
    began = time.monotonic()
    (line,) = Run(registry_with(1), "import time; time.sleep(600)", bound_s=0.5).lines
    assert line["reason"] == "MLflow was given up after 0.5 s."
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "error", [Unavailable("storage is down"), Conflict("another run was first")]
)
def test_trouble_with_the_hint_never_fails_the_run(error: Exception) -> None:
    registry = registry_with(1)

    def fail(when: str) -> None:
        if when == f"before put {TRACKED}":
            raise error

    registry.control.fault = fail  # type: ignore[attr-defined]
    assert len(Run(registry, "").events) == 1


def test_a_damaged_hint_is_replaced() -> None:
    registry = registry_with(1)
    registry.control.put(TRACKED, b"{", ABSENT)
    assert Run(registry, "").events == ["tracked"]
    assert Run(registry, "raise SystemExit('started')").events == []


def test_the_hint_holds_no_address_since_it_may_hold_a_password() -> None:
    registry = registry_with(1)
    Run(registry, "", Settings(mlflow_tracking_uri="http://user:secret@mlflow.example"))
    assert b"secret" not in registry.control.get(TRACKED).body  # type: ignore[union-attr]


def test_the_process_is_impatient_and_quiet() -> None:
    wanted = (
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES MLFLOW_HTTP_REQUEST_TIMEOUT MLFLOW_DISABLE_TELEMETRY"
        " DO_NOT_TRACK"
    )
    show = (
        "import os; raise SystemExit(' '.join(os.environ.get(name, '-') for name in"
        f" '{wanted}'.split()))"
    )
    (line,) = Run(registry_with(1), show).lines
    assert line["reason"] == "1 5 true true"


def test_looking_whether_anything_is_missing_imports_neither_mlflow_nor_pandas() -> None:
    script = (
        "import sys, jobs.tracking.track; raise SystemExit(bool({'mlflow', 'pandas', 'sqlalchemy'}"
        " & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
