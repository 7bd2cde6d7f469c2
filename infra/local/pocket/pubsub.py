"""Pub/Sub's REST API (v1) for publishers and pulling subscribers; the wiring makes the topics.

https://cloud.google.com/pubsub/docs/reference/rest
"""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.access import Access
from infra.local.pocket.app import Route, product
from infra.local.pocket.broker import Broker
from infra.local.pocket.errors import ApiError
from infra.local.pocket.messages import delivery_attempt, message_resource, parse_message
from infra.local.wiring import Wiring

PULL_WAIT_S = 5.0


def pubsub_blueprint(broker: Broker, wiring: Wiring, access: Access) -> Blueprint:
    """Topics and subscriptions of `wiring`; a call needs a grant."""
    api = _PubSub(broker, wiring, access)
    topics, subscriptions = f"/v1/{api.project}/topics", f"/v1/{api.project}/subscriptions"
    routes: list[Route] = [
        ("POST", f"{topics}/<topic>:publish", api.publish),
        ("GET", f"{subscriptions}/<subscription>", api.subscription),
        ("POST", f"{subscriptions}/<subscription>:pull", api.pull),
        ("POST", f"{subscriptions}/<subscription>:acknowledge", api.acknowledge),
        ("POST", f"{subscriptions}/<subscription>:modifyAckDeadline", api.modify_ack_deadline),
    ]
    return product("pubsub", routes)


class _PubSub:
    """The calls; each answers Google's JSON or raises ApiError 400, 401, 403 or 404."""

    def __init__(self, broker: Broker, wiring: Wiring, access: Access) -> None:
        self.project = f"projects/{wiring.project}"
        self._broker = broker
        self._access = access
        topics = {f"topics/{name}" for name in wiring.topics}
        subscriptions = {f"subscriptions/{name}" for name in broker.subscriptions}
        self._resources = topics | subscriptions

    def publish(self, topic: str) -> Response:
        email = self._admit("pubsub.topics.publish", f"topics/{topic}").partition(":")[2]
        messages = [parse_message(message) for message in _body().get("messages", [])]
        ids = [self._broker.publish(topic, *message, who=email) for message in messages]
        return jsonify(messageIds=ids)

    def subscription(self, subscription: str) -> Response:
        """https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/get."""
        self._admit("pubsub.subscriptions.get", f"subscriptions/{subscription}")
        one = self._broker.subscriptions[subscription]
        return jsonify(
            name=f"{self.project}/subscriptions/{one.name}",
            topic=f"{self.project}/topics/{one.topic}",
            ackDeadlineSeconds=int(one.ack_deadline_s),
            state="ACTIVE",
        )

    def pull(self, subscription: str) -> Response:
        self._admit_consumer(subscription)
        body = _body()
        if (limit := body.get("maxMessages", 0)) < 1:
            raise ApiError(400, "badRequest", "The value for max_messages must be greater than 0.")
        wait_s = 0.0 if body.get("returnImmediately") else PULL_WAIT_S
        policy = self._broker.subscriptions[subscription]
        received = [
            {"ackId": one.ack_id, "message": message_resource(one.message)}
            | delivery_attempt(one, policy)
            for one in self._broker.lease(subscription, limit, wait_s=wait_s)
        ]
        return jsonify(receivedMessages=received)

    def acknowledge(self, subscription: str) -> Response:
        self._admit_consumer(subscription)
        self._broker.acknowledge(subscription, _body().get("ackIds", []))
        return jsonify({})

    def modify_ack_deadline(self, subscription: str) -> Response:
        self._admit_consumer(subscription)
        body = _body()
        ack_ids, seconds = body.get("ackIds", []), body.get("ackDeadlineSeconds", 0)
        self._broker.modify_deadline(subscription, ack_ids, seconds)
        return jsonify({})

    def _admit_consumer(self, subscription: str) -> None:
        self._admit("pubsub.subscriptions.consume", f"subscriptions/{subscription}")

    def _admit(self, permission: str, resource: str) -> str:
        """The caller's member, where the wiring names the resource and a grant allows the call."""
        member = self._access.caller(request)
        if resource not in self._resources:
            name = resource.partition("/")[2]
            raise ApiError(404, "notFound", f"Resource not found (resource={name}).")
        self._access.require(member, permission, resource)
        return member


def _body() -> dict[str, Any]:
    body = request.get_json(force=True)
    if not isinstance(body, dict):
        raise ApiError(400, "badRequest", "Invalid JSON payload received: an object is expected.")
    return body
