"""Handlers raise what may pass and acknowledge what cannot; only a dropped file starts a job."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.auth import jwt

from tests.functions.function_host import FunctionHost, function_host
from urgency.messages import Heartbeat, ModelReleased

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionHost]:
    folder = tmp_path_factory.mktemp("functions")
    with function_host(folder, CHECKOUT / "functions", CHECKOUT) as running:
        yield running


@pytest.fixture(autouse=True)
def _forget(host: FunctionHost) -> None:
    host.world.requests.clear()
    host.world.answers.clear()


def landed(name: str = "incoming/a.csv", size: int = 10, age_s: float = 0) -> dict[str, str]:
    created = datetime.now(UTC) - timedelta(seconds=age_s)
    return {"name": name, "generation": "17", "size": str(size), "timeCreated": created.isoformat()}


def pushed(body: bytes, attributes: dict[str, str] | None = None) -> bytes:
    data = base64.b64encode(body).decode()
    message = {"data": data, "attributes": attributes or {}, "messageId": "1"}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


def test_a_landed_csv_starts_the_job_without_overrides(host: FunctionHost) -> None:
    assert host.csv_landed(pushed(json.dumps(landed()).encode())) == 200
    [request] = host.world.requests
    assert request.path == "/v2/projects/helpdesk/locations/us-central1/jobs/train:run"
    assert not json.loads(request.body or b"{}").get("overrides")
    assert request.headers["Authorization"].startswith("Bearer ")


def test_a_binary_cloud_event_starts_it_too(host: FunctionHost) -> None:
    headers = {
        "ce-id": "1",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.storage.object.v1.finalized",
        "ce-source": "//storage.googleapis.com/projects/_/buckets/landing",
        "ce-subject": "objects/incoming/a.csv",
    }
    assert host.csv_landed(json.dumps(landed()).encode(), headers) == 200
    assert len(host.world.requests) == 1


@pytest.mark.parametrize("named", [{"name": "incoming/a.pdf"}, {"size": "0"}, {"size": None}])
def test_a_file_that_holds_no_ticket_starts_it_too_for_its_receipt(
    host: FunctionHost, named: dict[str, str | None]
) -> None:
    """Some servers leave out a size of 0."""
    described = landed() | named
    event = {name: value for name, value in described.items() if value is not None}
    assert host.csv_landed(pushed(json.dumps(event).encode())) == 200
    assert len(host.world.requests) == 1


@pytest.mark.parametrize("ignored", [landed("incoming/team/", 0), landed("receipts/a.csv")])
def test_a_folders_mark_and_what_is_not_below_incoming_are_acknowledged(
    host: FunctionHost, ignored: dict[str, str]
) -> None:
    assert host.csv_landed(pushed(json.dumps(ignored).encode())) == 200
    assert host.world.requests == []


def test_an_object_older_than_the_last_run_is_acknowledged_since_that_run_lists_later(
    host: FunctionHost,
) -> None:
    assert host.csv_landed(pushed(json.dumps(landed()).encode())) == 200
    assert host.csv_landed(pushed(json.dumps(landed(age_s=3_600)).encode())) == 200
    assert len(host.world.requests) == 1


def test_a_job_that_cannot_be_started_is_tried_again(host: FunctionHost) -> None:
    host.world.answers["jobs/train:run"] = (403, {"error": {"code": 403, "message": "denied"}})
    assert host.csv_landed(pushed(json.dumps(landed()).encode())) == 500


@pytest.mark.parametrize("junk", [b"{}", b"not json", b"[1]", b"\xff\xfe"])
def test_an_event_that_can_never_be_read_is_acknowledged(host: FunctionHost, junk: bytes) -> None:
    assert host.csv_landed(pushed(junk)) == 200
    assert host.model_released(pushed(junk)) == 200
    assert host.world.requests == []


def test_a_released_model_is_reloaded_with_a_token_for_the_audience(host: FunctionHost) -> None:
    host.world.answers["/v1/model:reload"] = (200, {"status": "loaded", "epoch": 7, "version": 3})
    assert host.model_released(pushed(*ModelReleased(7, 3, "train-x").to_pubsub())) == 200
    [request] = [r for r in host.world.requests if r.path == "/v1/model:reload"]
    token = request.headers["Authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, verify=False)["aud"] == "urgency-reload"
    assert request.headers["X-Serverless-Authorization"] == request.headers["Authorization"]


def test_a_heartbeat_takes_the_way_of_every_message(host: FunctionHost) -> None:
    """From topic to job, and from topic to the reload hook, whatever it serves."""
    beat = pushed(*Heartbeat("train-x").to_pubsub())
    host.world.answers["/v1/model:reload"] = (200, {"epoch": 7})
    assert (host.csv_landed(beat), host.model_released(beat)) == (200, 200)
    paths = [request.path for request in host.world.requests]
    assert [path.rpartition("/")[2] for path in paths] == ["train:run", "model:reload"]


def test_a_heartbeat_that_gets_no_further_comes_again(host: FunctionHost) -> None:
    beat = pushed(*Heartbeat().to_pubsub())
    host.world.answers |= {"jobs/train:run": (403, {}), "/v1/model:reload": (401, {})}
    assert (host.csv_landed(beat), host.model_released(beat)) == (500, 500)


OLD, REFUSED = (200, {"epoch": 6}), [(status, {"title": "no"}) for status in (401, 409, 503)]


@pytest.mark.parametrize("answer", [OLD, *REFUSED])
def test_a_service_that_does_not_serve_the_release_yet_is_asked_again(
    host: FunctionHost, answer: tuple[int, dict[str, object]]
) -> None:
    host.world.answers["/v1/model:reload"] = answer
    assert host.model_released(pushed(*ModelReleased(7, 3, "train-x").to_pubsub())) == 500
