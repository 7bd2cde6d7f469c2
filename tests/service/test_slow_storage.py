"""Storage that stalls, trickles or is a black hole, on real sockets: the old model answers.

Nothing here measures time: a request that waited for storage would not come back at all, or only
after the answer that it must not wait for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
import requests
from google.oauth2.credentials import Credentials

from service.app import POINTER_BYTES_MOST
from service.background import THREADS_MOST
from service.local_copy import LocalCopy
from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import SOFT_S, Instance, cloud_environ, cloud_registry
from tests.support.service.service_process import ServiceProcess, service_process
from tests.support.service.slow_front import FOR_EVER, Front, front
from tests.support.waiting import eventually
from urgency.deadlines import mounted
from urgency.errors import Unavailable
from urgency.registry import RELEASE
from urgency.settings import read_settings
from urgency.store import CloudBucket, storage_client

HEADERS_ALONE = 300
"""Bytes of an answer that come at once, so that its body trickles."""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocket]:
    with pocket(tmp_path_factory.mktemp("cloud")) as running:
        release(cloud_registry(running), put_model(cloud_registry(running), 1))
        yield running


@pytest.fixture
def storage(cloud: Pocket) -> Iterator[Front]:
    with front(cloud.address) as standing:
        yield standing


@pytest.fixture
def instance(cloud: Pocket, storage: Front) -> Instance:
    """An instance that reads storage through the front, as the pocket cloud's service account."""
    account = Credentials(cloud.token("urgency-serve"))
    environ = cloud_environ(cloud) | {"URGENCY_STORAGE_ENDPOINT": storage.url}
    with patch("google.auth.default", return_value=(account, "local-helpdesk")):
        return Instance(None, environ)


def asked(instance: Instance) -> requests.Response:
    return instance.http.post("/v1/predict", json=URGENT_TICKET)


def missed(instance: Instance) -> float:
    lines = instance.http.get("/metrics").text.splitlines()
    name = 'urgency_pointer_checks_total{result="missed"} '
    return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))


@pytest.mark.parametrize(
    ("stall_s", "at_once"),
    [(1.0, None), (6.0, None), (FOR_EVER, None), (0.0, 0), (0.0, HEADERS_ALONE)],
    ids=["stalls 1 s", "stalls 6 s", "stalls for ever", "head trickles", "body trickles"],
)
def test_slow_storage_keeps_the_old_model_answering_and_the_answers_say_stale(
    cloud: Pocket, instance: Instance, storage: Front, stall_s: float | None, at_once: int | None
):
    assert instance.version() == "1"
    token, pointer = cloud_registry(cloud).current_release()
    cloud_registry(cloud).move_release(pointer, token)  # a new generation: there is a body to read
    storage.stall_s, storage.at_once = stall_s, at_once
    before, stale = missed(instance), []
    for _ in range(4):
        instance.clock.advance(SOFT_S)
        answer = asked(instance)
        assert (answer.status_code, answer.headers["X-Model-Version"]) == (200, "1")
        stale.append(answer.headers.get("X-Model-Stale"))
    assert stale[0] is None
    assert float(stale[-1] or 0) >= 3 * SOFT_S
    assert missed(instance) >= before + 3
    storage.heal()

    def is_fresh() -> bool:
        instance.clock.advance(SOFT_S)
        return "X-Model-Stale" not in asked(instance).headers

    eventually(is_fresh)


def test_a_pointer_that_is_too_large_is_not_followed_and_told_once(
    cloud: Pocket, instance: Instance
):
    assert instance.version() == "1"
    token, pointer = cloud_registry(cloud).current_release()
    large = replace(pointer, epoch=pointer.epoch + 1, reason="x" * POINTER_BYTES_MOST)
    token = cloud_registry(cloud).move_release(large, token)
    for _ in range(4):
        instance.clock.advance(SOFT_S)
        assert instance.epoch() == str(pointer.epoch)
    (told,) = instance.facts("model_check_failed")
    assert "release.json has over 65,536 bytes" in told["reason"]
    cloud_registry(cloud).move_release(pointer, token)


@pytest.mark.parametrize("at_once", [0, HEADERS_ALONE])
def test_an_answer_that_trickles_ends_though_no_byte_is_late(
    cloud: Pocket, storage: Front, at_once: int
):
    storage.at_once = at_once
    with mounted(requests.Session()) as session, pytest.raises(requests.RequestException):
        session.get(f"{storage.url}/oauth2/v1/certs", timeout=0.3)
    storage.heal()
    with mounted(requests.Session()) as session:
        for _ in range(2):
            answer = session.get(f"{storage.url}/oauth2/v1/certs", timeout=30)
            assert cloud.identity.keys.key_id in answer.json()


@pytest.mark.parametrize("at_once", [0, HEADERS_ALONE])
def test_a_read_that_trickles_is_one_that_may_be_tried_again(
    cloud: Pocket, storage: Front, at_once: int
):
    settings = read_settings(cloud_environ(cloud) | {"URGENCY_STORAGE_ENDPOINT": storage.url})
    account = Credentials(cloud.token("urgency-serve"))
    with patch("google.auth.default", return_value=(account, "local-helpdesk")):
        client = storage_client(settings, token_wait_s=1)
    storage.at_once = at_once
    with pytest.raises(Unavailable):
        CloudBucket(client, cloud.bucket("control"), timeout_s=0.3).get(RELEASE)


@pytest.fixture
def without_tokens(cloud: Pocket, storage: Front, tmp_path: Path) -> dict[str, str]:
    """An environment whose token endpoint is a black hole, with a bundle baked in."""
    registry = registry_with(1, 2)
    LocalCopy(tmp_path / "baked").keep(registry.current_release()[1], registry)
    storage.stall_s = FOR_EVER
    return {
        **cloud_environ(cloud),
        **cloud.identity.environment("urgency-serve", storage.address),
        "URGENCY_BAKED_BUNDLE": str(tmp_path / "baked"),
        "URGENCY_POINTER_SOFT_S": "0.1",
    }


def test_a_black_holed_token_endpoint_holds_up_nobody_and_is_forgotten_once_it_answers(
    storage: Front, without_tokens: dict[str, str], tmp_path: Path
):
    with service_process(without_tokens, tmp_path) as service, requests.Session() as client:

        def answer() -> requests.Response:
            answered = client.post(f"{service.url}/v1/predict", json=URGENT_TICKET, timeout=60)
            assert answered.status_code == 200
            return answered

        assert answer().headers["X-Model-Version"] == "2"
        eventually(lambda: "X-Model-Stale" in answer().headers)
        with ThreadPoolExecutor(8) as others:
            list(others.map(lambda _number: answer(), range(200)))
        assert threads_of(service) < 8 + THREADS_MOST + 8, "the server's, ours, and few others"
        storage.heal()
        eventually(lambda: answer().headers["X-Model-Version"] == "1")
        assert "X-Model-Stale" not in answer().headers


def threads_of(service: ServiceProcess) -> int:
    """Of the process that serves, the last one of the server's."""
    group = [service.process.pid, *_children(service.process.pid)]
    return len(os.listdir(f"/proc/{group[-1]}/task"))  # noqa: PTH208  of another process


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
