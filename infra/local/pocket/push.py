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
WAIT_S = 0.2

Deliver = Callable[[dict[str, Any], dict[str, str], Push, float], int]
"""POSTs a body with headers to a push endpoint within so many seconds; its status, 0 where none
came.

The seam for faults: whoever duplicates, delays or drops deliveries wraps `deliver_over_http`.
"""


def deliver_over_http(
    body: dict[str, Any], headers: dict[str, str], push: Push, timeout_s: float
) -> int:
    """One honest POST."""
    try:
        return urllib3.request(
            "POST",
            push.endpoint,
            json=body,
            headers=headers,
            timeout=timeout_s,
            retries=False,
            redirect=False,
        ).status
    except urllib3.exceptions.HTTPError:
        return 0


class Bearer:
    """Makes the ID tokens that pushes bear, as Pub/Sub's own `agent`."""

    def __init__(self, identity: Identity, access: Access, agent: str, timeline: Timeline) -> None:
        self._identity = identity
        self._access = access
        self._agent = agent
        self._timeline = timeline

    def headers(self, push: Push) -> dict[str, str]:
        """The token of `push`'s service account, where the agent may make one; else nothing, and a
        note says so.
        """
        account = f"serviceAccounts/{push.service_account}"
        if self._access.allows(
            f"serviceAccount:{self._agent}", "iam.serviceAccounts.getOpenIdToken", account
        ):
            return {
                "Authorization": (
                    f"Bearer {self._identity.id_token(push.service_account, push.audience)}"
                )
            }
        self._timeline.note("push_token_refused", self._agent, account=push.service_account)
        return {}


class Pusher:
    """Delivers the messages of one push subscription, from `start` to `stop`."""

    def __init__(
        self,
        broker: Broker,
        subscription: Subscription,
        push: Push,
        bearer: Bearer,
        timeline: Timeline,
        *,
        project: str,
        deliver: Deliver = deliver_over_http,
    ) -> None:
        self._broker = broker
        self._subscription = subscription
        self._destination = push
        self._bearer = bearer
        self._timeline = timeline
        self._project = project
        self._deliver = deliver
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
            for leased in self._broker.lease(self._subscription.name, 1, wait_s=WAIT_S):
                self._push(leased)

    def _push(self, leased: Leased) -> None:
        name, push = self._subscription.name, self._destination
        started = time.monotonic()
        status = self._deliver(
            self._envelope(leased),
            self._bearer.headers(push),
            push,
            self._subscription.ack_deadline_s,
        )
        accepted = status in ACKNOWLEDGED
        self._timeline.note(
            "push_delivered" if accepted else "push_refused",
            push.service_account,
            subscription=name,
            message=leased.message.id,
            attempt=leased.attempt,
            status=status,
            latency_ms=round((time.monotonic() - started) * 1000),
        )
        if accepted:
            self._broker.acknowledge(name, [leased.ack_id])
        else:
            self._broker.reject(name, leased.ack_id)

    def _envelope(self, leased: Leased) -> dict[str, Any]:
        """https://cloud.google.com/pubsub/docs/push#receive_push; ids and times in both spellings,
        as Google sends.
        """
        message, name = (
            leased.message,
            f"projects/{self._project}/subscriptions/{self._subscription.name}",
        )
        content = {
            "data": base64.b64encode(message.data).decode(),
            "attributes": message.attributes,
            "messageId": message.id,
            "message_id": message.id,
            "publishTime": message.publish_time,
            "publish_time": message.publish_time,
        }
        counted = (
            {"deliveryAttempt": leased.attempt} if self._subscription.dead_letter_topic else {}
        )
        return {"message": content, "subscription": name} | counted
