"""How the command finds its system, and what it asks the pocket cloud as the operator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import google.auth
import pytest
from google.oauth2.credentials import Credentials

from cli.context import is_cloud, reach
from cli.dead_letters import peek
from cli.runs import Runs
from cli.usage_error import UsageError
from tests.support.cloud.whole_cloud import Cloud, cloud
from tests.support.waiting import eventually
from urgency.errors import Forbidden, SettingsError
from urgency.settings import Settings


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A pocket cloud, of which this process is the operator; its job ends at once."""
    with cloud(tmp_path, job="") as running:
        token = running.identity.access_token(running.identity.email("operator"))
        monkeypatch.setattr(
            google.auth, "default", lambda **_kwargs: (Credentials(token), running.wiring.project)
        )
        yield running


def test_settings_in_the_environment_name_a_project() -> None:
    assert is_cloud({"URGENCY_LANDING_BUCKET": "x"})
    assert not is_cloud({"URGENCY_HOME": "x", "URGENCY_MIN_ROWS": "50"})


def test_without_settings_and_stack_it_says_how_to_get_either(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="urgency up"):
        reach({"URGENCY_HOME": str(tmp_path)})


def test_a_project_needs_all_its_settings() -> None:
    with pytest.raises(SettingsError, match="URGENCY_REGION"):
        reach({"URGENCY_PROJECT": "some-project"})


def test_a_run_is_started_found_and_listed(here: Cloud) -> None:
    runs = Runs(_settings(here))
    name = runs.start()
    eventually(lambda: runs.find(name).state == "succeeded")
    assert [run.name for run in runs.recent(5)] == [name]


def test_overrides_need_a_right_that_the_operator_has_not(here: Cloud) -> None:
    with pytest.raises(Forbidden, match="runWithOverrides"):
        Runs(_settings(here)).start("train", "--force")


def test_dead_letters_are_looked_at_and_stay(here: Cloud) -> None:
    settings = _settings(here)
    assert peek(settings) == []
    _bury(here)
    first, second = peek(settings), peek(settings)
    assert [letter.subscription for letter in first] == ["on-csv-landed"]
    assert second == first


def test_no_subscription_no_question() -> None:
    assert peek(Settings()) == []


def _settings(here: Cloud) -> Settings:
    return Settings(
        project=here.wiring.project,
        region=here.wiring.region,
        train_job=here.wiring.jobs[0].name,
        run_endpoint=here.url,
        pubsub_endpoint=here.url,
        dead_letters="dead-letters",
    )


def _bury(here: Cloud) -> None:
    """Put a message where Pub/Sub puts those that it gives up."""
    import requests

    token = here.identity.access_token(here.wiring.agents["pubsub"])
    message = {
        "data": "eA==",
        "attributes": {
            "CloudPubSubDeadLetterSourceSubscription": "on-csv-landed",
            "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        },
    }
    url = f"{here.url}/v1/projects/{here.wiring.project}/topics/dead-letters:publish"
    answer = requests.post(
        url, json={"messages": [message]}, headers={"Authorization": f"Bearer {token}"}, timeout=5
    )
    answer.raise_for_status()
