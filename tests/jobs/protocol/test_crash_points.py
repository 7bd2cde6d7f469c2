from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from jobs.protocol.crash_points import CRASH_POINTS, crash_points
from urgency.errors import SettingsError
from urgency.settings import Settings

LOCAL = "http://127.0.0.1:8000"


def test_nothing_happens_unless_a_point_is_named() -> None:
    reached = crash_points(Settings(storage_endpoint=LOCAL))
    for point in CRASH_POINTS:
        reached(point)


@pytest.mark.parametrize("endpoint", ["", "https://storage.googleapis.com"])
def test_dying_is_refused_outside_the_local_stack(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="refused outside the local stack"):
        crash_points(Settings(storage_endpoint=endpoint, crash_at="committed"))


@pytest.mark.parametrize("wrong", ["comitted", "committed:x", "committed:-1", ":2"])
def test_an_unknown_point_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(SettingsError, match=f"URGENCY_CRASH_AT='{wrong}'"):
        crash_points(Settings(storage_endpoint=LOCAL, crash_at=wrong))


@pytest.mark.parametrize(("crash_at", "passed"), [("listed", 0), ("listed:3", 2)])
def test_the_process_dies_at_the_named_occurrence(crash_at: str, passed: int) -> None:
    code = f"""
from jobs.protocol.crash_points import crash_points
from urgency.settings import Settings

reached = crash_points(Settings(storage_endpoint={LOCAL!r}, crash_at={crash_at!r}))
for _ in range(5):
    reached("committed")
    reached("listed")
    print("alive", flush=True)
"""
    died = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL
    assert died.stdout == "alive\n" * passed
