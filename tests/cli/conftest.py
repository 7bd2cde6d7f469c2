"""A cloud of which the test is the operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google.auth
import pytest
from google.oauth2.credentials import Credentials

from tests.support.cloud.whole_cloud import Cloud, cloud
from urgency.settings import Settings


@dataclass(frozen=True)
class OperatedCloud:
    """A pocket cloud, and the settings with which an operator reaches it."""

    cloud: Cloud
    settings: Settings


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OperatedCloud]:
    """This process is the operator; the cloud's job ends at once."""
    with cloud(tmp_path, job="") as running:
        token = running.identity.access_token(running.identity.email("operator"))
        monkeypatch.setattr(
            google.auth, "default", lambda **_kwargs: (Credentials(token), running.wiring.project)
        )
        settings = Settings(
            project=running.wiring.project,
            region=running.wiring.region,
            train_job=running.wiring.job("train").name,
            run_endpoint=running.url,
            pubsub_endpoint=running.url,
            dead_letters="dead-letters",
        )
        yield OperatedCloud(running, settings)
