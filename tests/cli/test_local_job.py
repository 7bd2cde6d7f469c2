"""The job as a process of this machine."""

from __future__ import annotations

from pathlib import Path

from cli.context import Local
from cli.local_job import _job_environment
from infra.local.state import Home, Stack, Urls
from tests.support.cloud.whole_cloud import WIRING


def test_it_has_the_jobs_identity_and_settings_and_the_callers_own_settings(tmp_path: Path) -> None:
    pocket = "http://127.0.0.1:8085"
    stack = Stack(1, Urls(pocket, "http://s", [], {}), "2026-01-02T03:04:05+00:00", "", {}, {})
    caller = {"URGENCY_MIN_ROWS": "50", "URGENCY_HOME": "x", "SECRET": "x"}
    environment = _job_environment(Local(Home(tmp_path), stack, caller))
    job = WIRING.job("train")
    account = job.service_account.partition("@")[0]
    assert environment["GCE_METADATA_HOST"] == f"127.0.0.1:8085/as/{account}"
    assert environment["URGENCY_MIN_ROWS"] == "50"
    assert environment["URGENCY_STORAGE_ENDPOINT"] == pocket
    assert job.environment.keys() <= environment.keys()
    assert {"URGENCY_HOME", "SECRET"} & environment.keys() == set()
