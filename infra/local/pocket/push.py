"""Push delivery: each due message is POSTed to its subscription's endpoint, as its service account."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from typing import Any

import urllib3

from infra.local.pocket.access import Access
from infra.local.pocket.broker import Broker, Leased
from infra.local.pocket.identity import Identity
from infra.local.timeline import Timeline
from infra.local.wiring import Push, Subscription

# https://cloud.google.com/pubsub/docs/push#receive_push (the official emulator takes a 202 for a refusal)
ACKNOWLEDGED = {102, 200, 201, 202, 204}
PARALLEL = 4
WAIT_S = 1.0

Deliver = Callable[[dict[str, Any], dict[str, str], Push, float], int]
"""POSTs a body with headers to a push endpoint within so many seconds; its status, 0 where none came.

The seam for faults: whoever duplicates, delays or drops deliveries wraps `deliver_over_http`.
"""


def deliver_over_http(body: dict[str, Any], headers: dict[str, str], push: Push, timeout_s: float) -> int:
    """One honest POST."""
    try:
        return urllib3.request(
            "POST", push.endpoint, json=body, headers=headers, timeout=timeout_s, retries=False, redirect=False
        ).status
    except urllib3.exceptions.HTTPError:
        return 0


class Pusher:
    """Delivers the messages of one push subscription until stopped."""

    def __init__(
        self,
        broker: Broker,
        subscription: Subscription,
        authorize: Callable[[Push], dict[str, str]],
        timeline: Timeline,
        *,
        project: str,
        deliver: Deliver = deliver_over_http,
    ) -> None:
        self._broker = broker
        self._subscription = subscription
        self._authorize = authorize
        self._timeline = timeline
        self._project = project
        self._deliver = deliver
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(PARALLEL)]

    def start(self) -> None:
        """Begin to deliver."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience_s: float) -> None:
        """Begin no more deliveries; wait at most `patience_s` for the ones under way."""
        self._stopping.set()
        until = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while not self._stopping.is_set():
            for leased in self._broker.lease(self._subscription.name, 1, wait_s=WAIT_S):
                self._push(leased)

    def _push(self, leased: Leased) -> None:
        push, name = self._subscription.push, self._subscription.name
        assert push is not None  # noqa: S101 - narrows the type; pull subscriptions have no pusher
        started = time.monotonic()
        status = self._deliver(self._envelope(leased), self._authorize(push), push, self._subscription.ack_deadline_s)
        latency_ms = round((time.monotonic() - started) * 1000)
        self._timeline.note(
            "push_delivered" if status in ACKNOWLEDGED else "push_refused",
            push.service_account,
            subscription=name,
            message=leased.message.id,
            attempt=leased.attempt,
            status=status,
            latency_ms=latency_ms,
        )
        if status in ACKNOWLEDGED:
            self._broker.acknowledge(name, [leased.ack_id])
        else:
            self._broker.reject(name, leased.ack_id)

    def _envelope(self, leased: Leased) -> dict[str, Any]:
        """https://cloud.google.com/pubsub/docs/push#receive_push; ids and times in both spellings, as Google sends."""
        message, name = leased.message, f"projects/{self._project}/subscriptions/{self._subscription.name}"
        content = {
            "data": base64.b64encode(message.data).decode(),
            "attributes": message.attributes,
            "messageId": message.id,
            "message_id": message.id,
            "publishTime": message.publish_time,
            "publish_time": message.publish_time,
        }
        counted = {"deliveryAttempt": leased.attempt} if self._subscription.dead_letter_topic else {}
        return {"message": content, "subscription": name} | counted


def bearer_of(identity: Identity, access: Access, agent: str, timeline: Timeline) -> Callable[[Push], dict[str, str]]:
    """Headers of a push: an ID token of its service account, where Pub/Sub's `agent` may make one; else none."""

    def authorize(push: Push) -> dict[str, str]:
        account = f"serviceAccounts/{push.service_account}"
        if not access.allows(f"serviceAccount:{agent}", "iam.serviceAccounts.getOpenIdToken", account):
            timeline.note("push_token_refused", agent, account=push.service_account)
            return {}
        return {"Authorization": f"Bearer {identity.id_token(push.service_account, push.audience)}"}

    return authorize
