from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
import urllib3
from werkzeug.wrappers import Response

from infra.local.front_end import front_end_of
from infra.local.pocket.access import Access
from infra.local.pocket.identity import Identity
from infra.local.server import Server, free_ports, listen, url_of
from infra.local.wiring import Container
from tests.support.cloud.receiver import Receiver, SeenRequest, receiver
from tests.support.cloud.whole_cloud import WIRING
from tests.support.waiting import eventually

(SERVICE,) = WIRING.services
OPERATOR, STRANGER = (
    "operator@local-helpdesk.example",
    "urgency-train@local-helpdesk.iam.gserviceaccount.com",
)


@dataclass
class World:
    """A front at `url` before two instances."""

    url: str
    instances: list[Receiver]
    identity: Identity

    def token(self, audience: str = "", email: str = OPERATOR) -> str:
        return self.identity.id_token(email, audience or self.url)

    def call(
        self, path: str = "/v1/predict", method: str = "POST", **options: Any
    ) -> urllib3.BaseHTTPResponse:
        options.setdefault("headers", {"Authorization": f"Bearer {self.token()}"})
        return urllib3.request(method, self.url + path, retries=False, **options)

    @property
    def received(self) -> list[SeenRequest]:
        return [request for instance in self.instances for request in instance.received]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity(tmp_path_factory.mktemp("identity"), WIRING)


def front(
    ending: ExitStack, identity: Identity, urls: list[str], container: Container = SERVICE
) -> str:
    socket = listen()
    app = front_end_of(container, urls, url_of(socket), identity, Access(WIRING, identity))
    ending.callback(Server(app, socket).stop)
    return url_of(socket)


@pytest.fixture
def ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def world(ending: ExitStack, identity: Identity) -> World:
    instances = [ending.enter_context(receiver()) for _ in range(2)]
    return World(front(ending, identity, [one.url for one in instances]), instances, identity)


def test_requests_go_to_the_instances_in_turn(world: World) -> None:
    for _ in range(6):
        assert world.call().status == 200
    assert [len(instance.received) for instance in world.instances] == [3, 3]


def test_path_query_body_and_answer_pass_untouched(world: World) -> None:
    for instance in world.instances:
        instance.answer = lambda got: Response(
            got.body[::-1], status=418, headers={"X-Model-Epoch": "7"}
        )
    answer = world.call("/v1/model%3Areload?a=1&b=%20x", body=b"\x00\xffabc")
    assert (answer.status, answer.data, answer.headers["X-Model-Epoch"]) == (
        418,
        b"cba\xff\x00",
        "7",
    )
    assert (world.received[0].path, world.received[0].body) == (
        "/v1/model%3Areload?a=1&b=%20x",
        b"\x00\xffabc",
    )


def test_an_instance_learns_where_a_request_came_from(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.token()}", "X-Forwarded-For": "203.0.113.7"}
    world.call(headers=headers)
    assert world.received[0].headers["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"


def test_a_request_without_a_token_is_forbidden_and_reaches_nobody(world: World) -> None:
    assert world.call(headers={}).status == 403
    assert world.received == []


def test_a_request_with_a_bad_token_is_unauthorized_and_reaches_nobody(world: World) -> None:
    for bad in (
        "Bearer x.y.z",
        "Basic abc",
        f"Bearer {world.token()[:-4]}AAAA",
        f"Bearer {world.token('https://other')}",
    ):
        assert world.call(headers={"Authorization": bad}).status == 401
    assert world.received == []


def test_a_caller_without_the_grant_is_forbidden(world: World) -> None:
    headers = {"Authorization": f"Bearer {world.token(email=STRANGER)}"}
    assert world.call(headers=headers).status == 403
    assert world.received == []


def test_the_cloud_uri_and_custom_audiences_are_as_good_as_the_local_url(world: World) -> None:
    for audience in (SERVICE.uri, *SERVICE.custom_audiences):
        assert (
            world.call(headers={"Authorization": f"Bearer {world.token(audience)}"}).status == 200
        )


def test_the_signature_of_the_checked_token_does_not_reach_the_instance(world: World) -> None:
    token = world.token()
    world.call(headers={"Authorization": f"Bearer {token}"})
    passed_on = world.received[0].headers["authorization"]
    assert passed_on == f"Bearer {token.rpartition('.')[0]}.SIGNATURE_REMOVED_BY_GOOGLE"


def test_with_both_headers_only_the_serverless_one_is_checked_and_stripped(world: World) -> None:
    token = world.token()
    world.call(
        headers={
            "Authorization": "Bearer for-the-app",
            "X-Serverless-Authorization": f"Bearer {token}",
        }
    )
    (request,) = world.received
    assert request.headers["authorization"] == "Bearer for-the-app"
    assert request.headers["x-serverless-authorization"].endswith(".SIGNATURE_REMOVED_BY_GOOGLE")
    bad = {"Authorization": f"Bearer {token}", "X-Serverless-Authorization": "Bearer x.y.z"}
    assert world.call(headers=bad).status == 401


def test_a_public_service_asks_nobody(ending: ExitStack, identity: Identity) -> None:
    instance = ending.enter_context(receiver())
    url = front(ending, identity, [instance.url], replace(SERVICE, public=True))
    assert (
        urllib3.request(
            "GET", url, headers={"Authorization": "Bearer whatever"}, retries=False
        ).status
        == 200
    )
    assert instance.received[0].headers["authorization"] == "Bearer whatever"


def test_an_instance_that_cannot_be_reached_is_passed_over(
    ending: ExitStack, identity: Identity
) -> None:
    (gone,) = free_ports(1)
    instance = ending.enter_context(receiver())
    url = front(ending, identity, [f"http://127.0.0.1:{gone}", instance.url])
    world = World(url, [instance], identity)
    assert [world.call(body=b"once").status for _ in range(4)] == [200] * 4
    assert [request.body for request in instance.received] == [b"once"] * 4


def test_without_a_living_instance_the_service_is_unavailable(
    ending: ExitStack, identity: Identity
) -> None:
    (gone,) = free_ports(1)
    assert (
        World(front(ending, identity, [f"http://127.0.0.1:{gone}"]), [], identity).call().status
        == 503
    )


def test_a_request_that_an_instance_has_seen_is_not_repeated(
    ending: ExitStack, identity: Identity
) -> None:
    socket = listen()
    seen: list[bytes] = []

    def hang_up() -> None:
        connection, _ = socket.accept()
        seen.append(connection.recv(100))
        connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    other = ending.enter_context(receiver())
    url = front(ending, identity, [url_of(socket), other.url])
    assert World(url, [], identity).call().status == 503
    assert (len(seen), other.received) == (1, [])
    socket.close()


def test_a_slow_instance_is_a_gateway_timeout(ending: ExitStack, identity: Identity) -> None:
    release = threading.Event()
    instance = ending.enter_context(receiver(lambda _: Response(str(release.wait(60)))))
    url = front(ending, identity, [instance.url], replace(SERVICE, timeout_s=0.2))
    assert World(url, [], identity).call().status == 504
    release.set()


def test_a_foreign_host_is_not_passed_on(ending: ExitStack, identity: Identity) -> None:
    instance = ending.enter_context(receiver(lambda _: Response("scored")))
    world = World(front(ending, identity, [instance.url]), [instance], identity)
    token = {"Authorization": f"Bearer {world.token()}"}
    assert world.call(headers=token | {"Host": "evil.example"}).status == 421
    assert world.received == []
    assert world.call(headers=token | {"Host": "localhost:1"}).status == 200


def test_each_instance_gets_no_more_requests_at_once_than_it_can_take(
    ending: ExitStack, identity: Identity
) -> None:
    release = threading.Event()
    ending.callback(release.set)
    instances = [
        ending.enter_context(receiver(lambda _: Response(str(release.wait(60))))) for _ in range(2)
    ]
    url = front(ending, identity, [one.url for one in instances], replace(SERVICE, concurrency=2))
    world = World(url, instances, identity)
    with ThreadPoolExecutor(5) as callers:
        busy = [callers.submit(world.call) for _ in range(4)]
        eventually(lambda: len(world.received) == 4)
        assert world.call().status == 429
        release.set()
        assert [one.result().status for one in busy] == [200] * 4
    assert [len(instance.received) for instance in instances] == [2, 2]
    assert world.call().status == 200


def test_large_bodies_pass_both_ways_and_too_large_ones_are_refused(world: World) -> None:
    for instance in world.instances:
        instance.answer = lambda got: Response(got.body)
    large = bytes(8 * 2**20)
    assert world.call(body=large).data == large
    assert world.call(body=bytes(33 * 2**20)).status == 413
