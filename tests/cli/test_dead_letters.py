"""Dead letters, asked of the pocket cloud as the operator."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

import pytest
import requests
from google.api_core import exceptions as api

from cli.dead_letters import BATCH, DeadLetter, DeadLetters
from tests.cli.conftest import OperatedCloud
from urgency.errors import Forbidden, Unavailable
from urgency.settings import Settings

SOURCE = "CloudPubSubDeadLetterSource"


def test_dead_letters_are_looked_at_and_stay(here: OperatedCloud) -> None:
    assert peek(here) == []
    for delivery_count in ("5", "6"):
        _publish(here, {f"{SOURCE}DeliveryCount": delivery_count})
    first, second = peek(here), peek(here)
    assert [(letter.subscription, letter.attempts) for letter in first] == [
        ("on-csv-landed", 5),
        ("on-csv-landed", 6),
    ]
    assert second == first


def test_a_dead_letter_says_when_its_message_was_first_published(here: OperatedCloud) -> None:
    _publish(here, {f"{SOURCE}TopicPublishTime": "2026-01-02T03:04:05.000000Z"})
    _publish(here, {})
    known, unknown = peek(here)
    assert known.published == "2026-01-02T03:04:05.000000Z"
    assert datetime.fromisoformat(unknown.published).tzinfo is not None


def test_an_empty_subscription_makes_nobody_wait(here: OperatedCloud) -> None:
    """Without the flag the server waits for seconds: a hundred times as long as a full answer."""
    empty_s = min(_seconds(here) for _ in range(3))
    _publish(here, {})
    assert empty_s < 20 * min(_seconds(here) for _ in range(3))


def test_without_a_subscription_nothing_is_asked() -> None:
    assert DeadLetters(Settings()).peek() == []


def test_what_the_operator_may_not_read_is_forbidden(here: OperatedCloud) -> None:
    with pytest.raises(Forbidden, match="look at the dead letters"):
        DeadLetters(replace(here.settings, dead_letters="no-such-subscription")).peek()


def test_a_pubsub_that_does_not_answer_is_unavailable(here: OperatedCloud) -> None:
    with pytest.raises(Unavailable, match="look at the dead letters"):
        DeadLetters(replace(here.settings, pubsub_endpoint="http://127.0.0.1:1")).peek()


def test_dead_letters_go_back_to_the_topic_that_they_came_from(here: OperatedCloud) -> None:
    """Without what Pub/Sub wrote on them; the function takes them like any other message."""
    _publish(here, {"event": "ModelReleased", f"{SOURCE}DeliveryCount": "5"})
    _publish(here, {}, subscription="on-model-released")
    replayed = DeadLetters(here.settings).replay()
    assert [letter.subscription for letter in replayed.sent] == [
        "on-csv-landed",
        "on-model-released",
    ]
    assert (replayed.left, peek(here)) == ([], [])
    published = [hop["topic"] for hop in here.cloud.hops("message_published")]
    assert published[-2:] == ["tickets-landed", "model-released"]


def test_a_dead_letter_of_a_subscription_that_is_gone_stays(here: OperatedCloud) -> None:
    _publish(here, {}, subscription="on-csv-landed")
    _publish(here, {}, subscription="gone")
    replayed = DeadLetters(here.settings).replay()
    assert [letter.subscription for letter in replayed.left] == ["gone"]
    assert [letter.subscription for letter in peek(here)] == ["gone"]


def test_what_may_not_be_published_stays(here: OperatedCloud) -> None:
    """One that failed keeps what comes after it, too."""
    _publish(here, {})
    letters = DeadLetters(here.settings)
    letters._publish = _refused  # type: ignore[method-assign]
    with pytest.raises(Forbidden, match="send the dead letters again"):
        letters.replay()
    assert len(peek(here)) == 1


def test_forgetting_deletes_all_of_them_in_however_many_batches(here: OperatedCloud) -> None:
    for _ in range(BATCH + 1):
        _publish(here, {})
    assert len(DeadLetters(here.settings).forget()) == BATCH + 1
    assert peek(here) == []


def peek(here: OperatedCloud) -> list[DeadLetter]:
    return DeadLetters(here.settings).peek()


def _refused(_topic: str, _message: object) -> None:
    raise api.Forbidden("no publisher")


def _seconds(here: OperatedCloud) -> float:
    began = time.perf_counter()
    peek(here)
    return time.perf_counter() - began


def _publish(
    here: OperatedCloud, attributes: dict[str, str], subscription: str = "on-csv-landed"
) -> None:
    """Put a message where Pub/Sub puts those that it gives up."""
    cloud, of = here.cloud, {f"{SOURCE}Subscription": subscription}
    token = cloud.identity.access_token(cloud.wiring.agents["pubsub"])
    url = f"{cloud.url}/v1/projects/{cloud.wiring.project}/topics/dead-letters:publish"
    body = {"messages": [{"data": "eA==", "attributes": of | attributes}]}
    headers = {"Authorization": f"Bearer {token}"}
    requests.post(url, json=body, headers=headers, timeout=5).raise_for_status()
