"""POST /v1/feedback: what is kept, what is refused, what a caller hears when nothing is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
import requests
from google.cloud import storage
from google.oauth2.credentials import Credentials
from werkzeug.wrappers import Response

from infra.local.server import listen, url_of
from service.feedback_topic import AT_A_TIME, FeedbackTopic
from tests.service.problem_answer import problem_of
from tests.support.cloud.receiver import Receiver, SeenRequest, receiver
from tests.support.cloud.whole_cloud import WIRING, cloud
from tests.support.models import registry_with
from tests.support.service.service import ENVIRON, Instance
from tests.support.service.service_process import service_process
from tests.support.waiting import eventually
from urgency.feedback import FEEDBACK
from urgency.settings import read_settings

SAID = {"id": "T-1", "title": "Checkout is down", "label": "urgent", "by": "ann"}


def taken(_: SeenRequest) -> Response:
    return Response('{"messageIds": ["1"]}', content_type="application/json")


@pytest.fixture
def pubsub() -> Iterator[Receiver]:
    with receiver(taken) as place:
        yield place


@pytest.fixture
def instance(pubsub: Receiver) -> Iterator[Instance]:
    with patch("google.auth.default", return_value=(Credentials("a-token"), "local-helpdesk")):
        yield taking(pubsub.url)


def taking(pubsub: str, **environ: str) -> Instance:
    settings = {"URGENCY_FEEDBACK_TOPIC": "ticket-feedback", "URGENCY_PUBSUB_ENDPOINT": pubsub}
    return Instance(registry_with(1), settings | environ)


def published(pubsub: Receiver) -> list[dict[str, Any]]:
    bodies = [json.loads(request.body) for request in pubsub.received]
    messages = [message for body in bodies for message in body["messages"]]
    return [json.loads(base64.b64decode(message["data"])) for message in messages]


def test_a_label_is_published_with_the_ticket_as_it_was_sent(instance: Instance, pubsub: Receiver):
    sent = SAID | {"id": 7, "title": "<b>Down</b> &amp;amp; out", "channel": "Phone", "x": 1}
    answer = instance.http.post("/v1/feedback", json=sent)
    assert (answer.status_code, answer.json) == (
        200,
        {"published": 1, "warnings": ["Not known and not read: x."]},
    )
    (message,) = published(pubsub)
    assert datetime.fromisoformat(message.pop("updated_at")).tzinfo
    assert message == {
        "ticket_id": "7",
        "title": "<b>Down</b> &amp;amp; out",
        "description": "",
        "source": "Phone",
        "customer_tier": "",
        "label_urgency": "urgent",
        "by": "ann",
    }
    (request,) = pubsub.received
    assert request.path == "/v1/projects/local-helpdesk/topics/ticket-feedback:publish"
    assert request.headers["authorization"] == "Bearer a-token"


def test_a_list_goes_out_in_one_call_a_message_each(instance: Instance, pubsub: Receiver):
    answer = instance.http.post("/v1/feedback", json=[SAID, SAID | {"label": "Low"}])
    assert answer.json == {"published": 2, "warnings": []}
    assert len(pubsub.received) == 1
    assert [one["label_urgency"] for one in published(pubsub)] == ["urgent", "non-urgent"]


@pytest.mark.parametrize(
    ("label", "side"),
    [("urgent", "urgent"), ("P1 - Critical", "urgent"), ("Hoch", "urgent"), ("low", "non-urgent")],
)
def test_the_words_of_helpdesks_are_labels(
    instance: Instance, pubsub: Receiver, label: str, side: str
):
    assert instance.http.post("/v1/feedback", json=SAID | {"label": label}).status_code == 200
    assert published(pubsub)[0]["label_urgency"] == side


def test_an_installations_own_words_are_labels(pubsub: Receiver):
    with patch("google.auth.default", return_value=(Credentials("t"), "p")):
        instance = taking(pubsub.url, URGENCY_URGENT_LABELS="Zulu", URGENCY_OTHER_LABELS="Yankee")
        instance.http.post(
            "/v1/feedback", json=[SAID | {"label": "zulu"}, SAID | {"label": "YANKEE"}]
        )
    assert [one["label_urgency"] for one in published(pubsub)] == ["urgent", "non-urgent"]


def test_everything_wrong_is_said_at_once_and_nothing_is_published(
    instance: Instance, pubsub: Receiver
):
    bad = [
        SAID,
        {"title": "x", "label": "perhaps", "by": "ann"},
        {"title": "", "label": "urgent"},
        {"title": 3, "label": 5, "by": " "},
        "no ticket",
    ]
    answer = problem_of(instance.http.post("/v1/feedback", json=bad), 422)
    assert [error["pointer"] for error in answer["errors"]] == [
        *("#/1/label", "#/2", "#/2", "#/3/label", "#/3/by", "#/3/title", "#/4"),
    ]
    assert "perhaps" not in json.dumps(answer), "a label that is not understood may be a text"
    assert pubsub.received == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[{]", 400), (b"[]", 422), (b"3", 422), (b"\xff", 400), (b"[" * 100_000, 400)],
)
def test_what_is_no_feedback_is_a_problem(
    instance: Instance, pubsub: Receiver, body: bytes, status: int
):
    problem_of(instance.http.post("/v1/feedback", data=body), status)
    assert pubsub.received == []


def test_more_tickets_than_predict_takes_are_refused(instance: Instance):
    answer = problem_of(instance.http.post("/v1/feedback", json=[SAID] * 1_001), 422)
    assert "1,001" in answer["detail"]


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_what_pubsub_refuses_is_a_503_with_retry_after_and_a_log_line_without_text(
    instance: Instance, pubsub: Receiver, status: int
):
    pubsub.answer = lambda _: Response('{"error": {"message": "no"}}', status=status)
    answer = instance.http.post("/v1/feedback", json=SAID)
    assert "Send it again" in problem_of(answer, 503)["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert len(instance.facts("feedback_not_published")) == 1
    assert "Checkout" not in instance.written.getvalue()


def test_nobody_at_pubsubs_address_is_a_503():
    with patch("google.auth.default", return_value=(Credentials("t"), "p")):
        problem_of(taking("http://127.0.0.1:1").http.post("/v1/feedback", json=SAID), 503)


def test_a_pubsub_that_never_answers_is_a_503():
    silent = listen()
    with silent, patch("google.auth.default", return_value=(Credentials("t"), "p")):
        problem_of(taking(url_of(silent)).http.post("/v1/feedback", json=SAID), 503)


def test_more_callers_than_calls_at_a_time_wait_for_each_other(pubsub: Receiver):
    together = Barrier(AT_A_TIME)

    def slowly(request: SeenRequest) -> Response:
        together.wait(60)  # until as many calls are under way as there may be
        return taken(request)

    pubsub.answer = slowly
    settings = {"URGENCY_PROJECT": "p", "URGENCY_FEEDBACK_TOPIC": "t"}
    topic = FeedbackTopic(read_settings(settings | {"URGENCY_PUBSUB_ENDPOINT": pubsub.url}))
    callers = 2 * AT_A_TIME
    account = patch("google.auth.default", return_value=(Credentials("t"), "p"))
    with account, ThreadPoolExecutor(callers) as threads:
        list(threads.map(lambda _: topic.publish([b"{}"]), range(callers)))
    assert len(pubsub.received) == callers


def test_without_a_topic_nothing_is_taken():
    answer = problem_of(Instance(registry_with(1)).http.post("/v1/feedback", json=SAID), 403)
    assert "URGENCY_FEEDBACK_TOPIC" in answer["detail"]


def test_feedback_needs_no_model(pubsub: Receiver):
    with patch("google.auth.default", return_value=(Credentials("t"), "p")):
        settings = {
            "URGENCY_FEEDBACK_TOPIC": "ticket-feedback",
            "URGENCY_PUBSUB_ENDPOINT": pubsub.url,
        }
        empty = Instance(registry_with(), settings)
        assert empty.http.post("/v1/feedback", json=SAID).status_code == 200


def test_what_the_service_accepted_lies_in_the_bucket(tmp_path: Path):
    """The real process, as its own identity, over the pocket cloud's Pub/Sub."""
    with cloud(tmp_path / "cloud", speedup=100_000) as place:
        (service,) = place.wiring.services
        address = place.url.removeprefix("http://")
        environ = (
            ENVIRON
            | service.environment
            | place.identity.environment("urgency-serve", address)
            | {"URGENCY_PUBSUB_ENDPOINT": place.url, "URGENCY_STORAGE_ENDPOINT": place.url}
        )
        with service_process(environ, tmp_path) as running:
            answer = requests.post(f"{running.url}/v1/feedback", json=[SAID, SAID], timeout=60)
            assert (answer.status_code, answer.json()["published"]) == (200, 2)
        eventually(lambda: sum(hop["messages"] for hop in place.hops("storage_written")) == 2)
        client = storage.Client(project=WIRING.project, **place.options())
        landing = next(name for name in WIRING.buckets if name.endswith("landing"))
        blobs = list(client.list_blobs(landing, prefix=FEEDBACK))
        lines = b"\n".join(blob.download_as_bytes() for blob in blobs).split(b"\n")
        assert [json.loads(line)["title"] for line in lines] == ["Checkout is down"] * 2
