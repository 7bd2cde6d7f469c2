"""Pub/Sub's REST API (v1), as far as publishers and pulling subscribers need it; topics are made by
the wiring.

https://cloud.google.com/pubsub/docs/reference/rest
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.access import Access
from infra.local.pocket.broker import Broker, Leased
from infra.local.pocket.errors import ApiError
from infra.local.wiring import Subscription, Wiring

PULL_WAIT_S = 5.0


def pubsub_blueprint(broker: Broker, wiring: Wiring, access: Access) -> Blueprint:
    """Topics and subscriptions of `wiring`, each call only for whom a grant allows it."""
    api = _PubSub(broker, wiring, access)
    topics, subscriptions = f"/v1/{api.project}/topics", f"/v1/{api.project}/subscriptions"
    views: list[tuple[str, str, Callable[..., Response]]] = [
        ("GET", topics, api.list_topics),
        ("GET", f"{topics}/<topic>", api.get_topic),
        ("POST", f"{topics}/<topic>:publish", api.publish),
        ("GET", subscriptions, api.list_subscriptions),
        ("GET", f"{subscriptions}/<subscription>", api.get_subscription),
        ("POST", f"{subscriptions}/<subscription>:pull", api.pull),
        ("POST", f"{subscriptions}/<subscription>:acknowledge", api.acknowledge),
        ("POST", f"{subscriptions}/<subscription>:modifyAckDeadline", api.modify_ack_deadline),
    ]
    routes = Blueprint("pubsub", __name__)
    for method, rule, view in views:
        routes.add_url_rule(rule, view_func=view, endpoint=view.__name__, methods=[method])
    return routes


class _PubSub:
    """The calls; each answers Google's JSON or raises ApiError 400, 401, 403 or 404."""

    def __init__(self, broker: Broker, wiring: Wiring, access: Access) -> None:
        self.project = f"projects/{wiring.project}"
        self._topics = wiring.topics
        self._broker = broker
        self._access = access
        topics = {f"topics/{name}" for name in wiring.topics}
        self._resources = (
            {self.project} | topics | {f"subscriptions/{name}" for name in broker.subscriptions}
        )

    def list_topics(self) -> Response:
        self._admit("pubsub.topics.list", self.project)
        return jsonify(
            topics=[{"name": f"{self.project}/topics/{topic}"} for topic in self._topics]
        )

    def get_topic(self, topic: str) -> Response:
        self._admit("pubsub.topics.get", f"topics/{topic}")
        return jsonify(name=f"{self.project}/topics/{topic}")

    def publish(self, topic: str) -> Response:
        who = self._admit("pubsub.topics.publish", f"topics/{topic}").partition(":")[2]
        messages = [_parsed(message) for message in _body().get("messages", [])]
        ids = [
            self._broker.publish(topic, data, attributes, who=who) for data, attributes in messages
        ]
        return jsonify(messageIds=ids)

    def list_subscriptions(self) -> Response:
        self._admit("pubsub.subscriptions.list", self.project)
        return jsonify(
            subscriptions=[
                _described(self.project, one) for one in self._broker.subscriptions.values()
            ]
        )

    def get_subscription(self, subscription: str) -> Response:
        self._admit("pubsub.subscriptions.get", f"subscriptions/{subscription}")
        return jsonify(_described(self.project, self._broker.subscriptions[subscription]))

    def pull(self, subscription: str) -> Response:
        self._admit("pubsub.subscriptions.consume", f"subscriptions/{subscription}")
        wanted = _body()
        if wanted.get("maxMessages", 0) < 1:
            raise ApiError(400, "badRequest", "The value for max_messages must be greater than 0.")
        wait_s = 0.0 if wanted.get("returnImmediately") else PULL_WAIT_S
        leased = self._broker.lease(subscription, wanted["maxMessages"], wait_s=wait_s)
        counted = self._broker.subscriptions[subscription].dead_letter_topic is not None
        return jsonify(receivedMessages=[_received(one, counted=counted) for one in leased])

    def acknowledge(self, subscription: str) -> Response:
        self._admit("pubsub.subscriptions.consume", f"subscriptions/{subscription}")
        self._broker.acknowledge(subscription, _body().get("ackIds", []))
        return jsonify({})

    def modify_ack_deadline(self, subscription: str) -> Response:
        self._admit("pubsub.subscriptions.consume", f"subscriptions/{subscription}")
        wanted = _body()
        self._broker.modify_deadline(
            subscription, wanted.get("ackIds", []), wanted.get("ackDeadlineSeconds", 0)
        )
        return jsonify({})

    def _admit(self, permission: str, resource: str) -> str:
        """The caller's member, where the wiring names the resource and a grant allows the call."""
        member = self._access.caller(request)
        if resource not in self._resources:
            raise ApiError(
                404, "notFound", f"Resource not found (resource={resource.partition('/')[2]})."
            )
        self._access.require(member, permission, resource)
        return member


def _body() -> dict[str, Any]:
    body = request.get_json(force=True)
    if not isinstance(body, dict):
        raise ApiError(400, "badRequest", "Invalid JSON payload received: an object is expected.")
    return body


def _parsed(message: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    try:
        data, attributes = (
            base64.b64decode(message.get("data", ""), validate=True),
            message.get("attributes", {}),
        )
    except binascii.Error as error:
        raise ApiError(
            400, "badRequest", "Invalid value at 'messages[0].data': base64 decoding failed."
        ) from error
    if not data and not attributes:
        raise ApiError(400, "badRequest", "One or more messages in the publish request is empty.")
    return data, attributes


def _received(leased: Leased, *, counted: bool) -> dict[str, Any]:
    message = leased.message
    content = {
        "data": base64.b64encode(message.data).decode(),
        "attributes": message.attributes,
        "messageId": message.id,
        "publishTime": message.publish_time,
    }
    return {"ackId": leased.ack_id, "message": content} | (
        {"deliveryAttempt": leased.attempt} if counted else {}
    )


def _described(project: str, subscription: Subscription) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": f"{project}/subscriptions/{subscription.name}",
        "topic": f"{project}/topics/{subscription.topic}",
        "ackDeadlineSeconds": int(subscription.ack_deadline_s),
        "retryPolicy": {
            "minimumBackoff": f"{subscription.minimum_backoff_s:g}s",
            "maximumBackoff": f"{subscription.maximum_backoff_s:g}s",
        },
        "state": "ACTIVE",
    }
    if subscription.dead_letter_topic:
        described["deadLetterPolicy"] = {
            "deadLetterTopic": f"{project}/topics/{subscription.dead_letter_topic}",
            "maxDeliveryAttempts": subscription.max_delivery_attempts,
        }
    if push := subscription.push:
        token = {"serviceAccountEmail": push.service_account, "audience": push.audience}
        described["pushConfig"] = {"pushEndpoint": push.endpoint, "oidcToken": token}
    return described
