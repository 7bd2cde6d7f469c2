"""Dead letters, asked of the pocket cloud as the operator."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

import pytest
import requests

from cli.dead_letters import peek
from tests.cli.conftest import OperatedCloud
from urgency.errors import Forbidden, Unavailable
from urgency.settings import Settings

SOURCE = "CloudPubSubDeadLetterSource"


def test_dead_letters_are_looked_at_and_stay(here: OperatedCloud) -> None:
    assert peek(here.settings) == []
    for delivery_count in ("5", "6"):
        _publish(here, {f"{SOURCE}DeliveryCount": delivery_count})
    first, second = peek(here.settings), peek(here.settings)
    assert [(letter.subscription, letter.attempts) for letter in first] == [
        ("on-csv-landed", 5),
        ("on-csv-landed", 6),
    ]
    assert second == first


def test_a_dead_letter_says_when_its_message_was_first_published(here: OperatedCloud) -> None:
    _publish(here, {f"{SOURCE}TopicPublishTime": "2026-01-02T03:04:05.000000Z"})
    _publish(here, {})
    known, unknown = peek(here.settings)
    assert known.published == "2026-01-02T03:04:05.000000Z"
    assert datetime.fromisoformat(unknown.published).tzinfo is not None


def test_an_empty_subscription_makes_nobody_wait(here: OperatedCloud) -> None:
    """Without the flag the server waits for seconds: a hundred times as long as a full answer."""
    empty_s = min(_seconds(here) for _ in range(3))
    _publish(here, {})
    assert empty_s < 20 * min(_seconds(here) for _ in range(3))


def test_without_a_subscription_nothing_is_asked() -> None:
    assert peek(Settings()) == []


def test_what_the_operator_may_not_read_is_forbidden(here: OperatedCloud) -> None:
    with pytest.raises(Forbidden, match="look at the dead letters"):
        peek(replace(here.settings, dead_letters="no-such-subscription"))


def test_a_pubsub_that_does_not_answer_is_unavailable(here: OperatedCloud) -> None:
    with pytest.raises(Unavailable, match="look at the dead letters"):
        peek(replace(here.settings, pubsub_endpoint="http://127.0.0.1:1"))


def _seconds(here: OperatedCloud) -> float:
    began = time.perf_counter()
    peek(here.settings)
    return time.perf_counter() - began


def _publish(here: OperatedCloud, attributes: dict[str, str]) -> None:
    """Put a message where Pub/Sub puts those that it gives up."""
    cloud, of = here.cloud, {f"{SOURCE}Subscription": "on-csv-landed"}
    token = cloud.identity.access_token(cloud.wiring.agents["pubsub"])
    url = f"{cloud.url}/v1/projects/{cloud.wiring.project}/topics/dead-letters:publish"
    body = {"messages": [{"data": "eA==", "attributes": of | attributes}]}
    headers = {"Authorization": f"Bearer {token}"}
    requests.post(url, json=body, headers=headers, timeout=5).raise_for_status()
