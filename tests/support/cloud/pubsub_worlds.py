"""The worlds that the Pub/Sub contract runs in: the pocket cloud, and Google's emulator where its
jar is found.

PUBSUB_EMULATOR_JAR names the jar (part of the Cloud SDK; needs Java 17).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.pubsub_v1 import PublisherClient, SubscriberClient

from infra.local.processes import Program, Supervisor
from infra.local.server import free_ports
from infra.local.wiring import Grant, Push, Subscription
from tests.support.cloud.whole_cloud import OPERATOR, WIRING, cloud

PROJECT = f"projects/{WIRING.project}"
TOPIC, DEAD_TOPIC = "contract-topic", "contract-dead"
PULLED, PUSHED, DEAD = "contract-pulled", "contract-pushed", "contract-dead"
PUSHER = WIRING.service_accounts[0]
ATTEMPTS = 5

# What a world is known to do otherwise than production's documentation says.
DIFFERENCES: dict[str, set[str]] = {
    "pocket": set(),
    "emulator": {"refuses a 202", "pushes bear no token"},
}


@dataclass(frozen=True)
class World:
    """A Pub/Sub: TOPIC feeds PULLED and PUSHED; the dead letters of PULLED go to DEAD."""

    name: str
    publisher: PublisherClient
    subscriber: SubscriberClient

    def differs(self, how: str) -> bool:
        return how in DIFFERENCES[self.name]


def subscriptions(push_url: str) -> tuple[Subscription, ...]:
    """As the wiring would describe them."""
    pulled = Subscription(PULLED, TOPIC, 10, 0.0, 600.0, DEAD_TOPIC, ATTEMPTS, None)
    push = Push(push_url, PUSHER, "https://audience.example")
    pushed = replace(
        pulled, name=PUSHED, push=push, dead_letter_topic=None, max_delivery_attempts=0
    )
    return pulled, pushed, replace(pulled, name=DEAD, topic=DEAD_TOPIC, dead_letter_topic=None)


@contextmanager
def pocket_world(folder: Path, push_url: str) -> Iterator[World]:
    """The pocket cloud, with the grants that Google's agent and an operator need."""
    agent = f"serviceAccount:{WIRING.agents['pubsub']}"
    grants = (
        Grant(f"topics/{TOPIC}", "roles/pubsub.publisher", OPERATOR),
        *(
            Grant(f"subscriptions/{name}", "roles/pubsub.subscriber", OPERATOR)
            for name in (PULLED, DEAD)
        ),
        Grant(f"topics/{DEAD_TOPIC}", "roles/pubsub.publisher", agent),
        Grant(f"subscriptions/{PULLED}", "roles/pubsub.subscriber", agent),
        Grant(f"serviceAccounts/{PUSHER}", "roles/iam.serviceAccountTokenCreator", agent),
    )
    wiring = replace(
        WIRING,
        topics=(TOPIC, DEAD_TOPIC),
        subscriptions=subscriptions(push_url),
        grants=grants,
        notifications=(),
    )
    with cloud(folder, wiring) as place:
        yield _world("pocket", place.options())


@contextmanager
def emulator_world(folder: Path, push_url: str) -> Iterator[World]:
    """Google's emulator; skips the test where there is none."""
    jar, java = os.environ.get("PUBSUB_EMULATOR_JAR"), shutil.which("java")
    if not jar or not java:
        pytest.skip("PUBSUB_EMULATOR_JAR names no emulator, or there is no Java")
    (port,) = free_ports(1)
    command = [java, "-jar", jar, "--host=127.0.0.1", f"--port={port}"]
    supervisor = Supervisor(
        [Program("emulator", command, dict(os.environ), folder, folder / "emulator.log", port)]
    )
    supervisor.start()
    try:
        supervisor.wait_until_ready(60)
        endpoint = {"api_endpoint": f"http://127.0.0.1:{port}"}
        world = _world(
            "emulator", {"credentials": AnonymousCredentials(), "client_options": endpoint}
        )
        _create(world, push_url)
        yield world
    finally:
        supervisor.stop()


WORLDS = {"pocket": pocket_world, "emulator": emulator_world}


def _world(name: str, options: dict[str, Any]) -> World:
    return World(
        name,
        PublisherClient(transport="rest", **options),
        SubscriberClient(transport="rest", **options),
    )


def _create(world: World, push_url: str) -> None:
    for topic in (TOPIC, DEAD_TOPIC):
        world.publisher.create_topic(name=f"{PROJECT}/topics/{topic}")
    for one in subscriptions(push_url):
        request: dict[str, Any] = {
            "name": f"{PROJECT}/subscriptions/{one.name}",
            "topic": f"{PROJECT}/topics/{one.topic}",
            "ack_deadline_seconds": int(one.ack_deadline_s),
        }
        if one.dead_letter_topic:
            dead = {"dead_letter_topic": f"{PROJECT}/topics/{one.dead_letter_topic}"}
            request["dead_letter_policy"] = dead | {
                "max_delivery_attempts": one.max_delivery_attempts
            }
        if one.push:
            token = {
                "service_account_email": one.push.service_account,
                "audience": one.push.audience,
            }
            request["push_config"] = {"push_endpoint": one.push.endpoint, "oidc_token": token}
        world.subscriber.create_subscription(request=request)
