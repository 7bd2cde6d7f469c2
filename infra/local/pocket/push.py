"""Push delivery: each due message is POSTed to its subscription's endpoint, as its account."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3

from infra.local.pocket.access import Access
from infra.local.pocket.broker import Broker, Delivery
from infra.local.pocket.identity import Identity
from infra.local.pocket.messages import delivery_attempt, message_resource
from infra.local.timeline import Timeline
from infra.local.wiring import Push, Subscription, Wiring

ACKNOWLEDGED = {102, 200, 201, 202, 204}
"""https://cloud.google.com/pubsub/docs/push#receive_push; Google's emulator refuses a 202."""
PARALLEL = 4
WAIT_S = 0.2

Deliver = Callable[[dict[str, Any], dict[str, str], Push, float], int]
"""POSTs a body with headers to an endpoint within so many seconds; its status, 0 without an answer.

Tests that duplicate, delay or drop deliveries wrap `deliver_over_http`.
"""


def deliver_over_http(
    body: dict[str, Any], headers: dict[str, str], push: Push, timeout_s: float
) -> int:
    """One POST, without retries."""
    once: dict[str, Any] = {"timeout": timeout_s, "retries": False, "redirect": False}
    try:
        return urllib3.request("POST", push.endpoint, json=body, headers=headers, **once).status
    except urllib3.exceptions.HTTPError:
        return 0


@dataclass(frozen=True)
class Bearer:
    """Makes the ID tokens of pushes, as Pub/Sub's own `agent`."""

    identity: Identity
    access: Access
    agent: str
    timeline: Timeline

    def headers(self, push: Push) -> dict[str, str]:
        """The token of `push`'s account; nothing where the agent may not make one, and a note."""
        account = push.service_account
        agent, permission = f"serviceAccount:{self.agent}", "iam.serviceAccounts.getOpenIdToken"
        if self.access.allows(agent, permission, f"serviceAccounts/{account}"):
            return {"Authorization": f"Bearer {self.identity.id_token(account, push.audience)}"}
        self.timeline.note("push_token_refused", self.agent, account=account)
        return {}


@dataclass
class Pusher:
    """Delivers the messages of one push subscription, from `start` to `stop`."""

    broker: Broker
    subscription: Subscription
    push: Push
    bearer: Bearer
    timeline: Timeline
    project: str
    deliver: Deliver = deliver_over_http

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(PARALLEL)]

    def start(self) -> None:
        """Begin to deliver."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more deliveries."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait at most `timeout_s` for the deliveries under way."""
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while not self._stopping.is_set():
            for delivery in self.broker.lease(self.subscription.name, 1, wait_s=WAIT_S):
                self._push(delivery)

    def _push(self, delivery: Delivery) -> None:
        name, push = self.subscription.name, self.push
        body, headers = self._body(delivery), self.bearer.headers(push)
        started = time.monotonic()
        status = self.deliver(body, headers, push, self.subscription.ack_deadline_s)
        accepted = status in ACKNOWLEDGED
        self.timeline.note(
            "push_delivered" if accepted else "push_refused",
            push.service_account,
            subscription=name,
            message=delivery.message.id,
            attempt=delivery.attempt,
            status=status,
            latency_ms=round((time.monotonic() - started) * 1000),
        )
        if accepted:
            self.broker.acknowledge(name, [delivery.ack_id])
        else:
            self.broker.reject(name, delivery.ack_id)

    def _body(self, delivery: Delivery) -> dict[str, Any]:
        """https://cloud.google.com/pubsub/docs/push#receive_push; Google too spells ids twice."""
        content = message_resource(delivery.message)
        content |= {"message_id": content["messageId"], "publish_time": content["publishTime"]}
        name = f"projects/{self.project}/subscriptions/{self.subscription.name}"
        counted = delivery_attempt(delivery, self.subscription)
        return {"message": content, "subscription": name} | counted


def pushers_of(broker: Broker, wiring: Wiring, bearer: Bearer, timeline: Timeline) -> list[Pusher]:
    """One for each push subscription."""
    return [
        Pusher(broker, one, one.push, bearer, timeline, project=wiring.project)
        for one in wiring.subscriptions
        if one.push
    ]
