"""Pub/Sub's REST API (v1), as far as publishers and pulling subscribers need it; topics are made by the wiring.

https://cloud.google.com/pubsub/docs/reference/rest
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.access import Access
from infra.local.pocket.broker import Broker, Leased
from infra.local.pocket.errors import ApiError
from infra.local.wiring import Subscription, Wiring

PULL_WAIT_S = 5.0


@dataclass(frozen=True)
class _Gate:
    """Lets a request through where the wiring names the resource and a grant allows the caller."""

    access: Access
    resources: frozenset[str]

    def admit(self, permission: str, resource: str) -> str:
        """The caller's member. Raises ApiError 401, 403, 404."""
        member = self.access.caller(request)
        if resource not in self.resources:
            raise ApiError(404, "notFound", f"Resource not found (resource={resource.partition('/')[2]}).")
        self.access.require(member, permission, resource)
        return member


def pubsub_blueprint(broker: Broker, wiring: Wiring, access: Access) -> Blueprint:
    """Topics and subscriptions of `wiring`, each call only for whom a grant allows it."""
    routes = Blueprint("pubsub", __name__)
    project = f"projects/{wiring.project}"
    topics = {f"topics/{name}" for name in wiring.topics}
    subscriptions = {f"subscriptions/{name}" for name in broker.subscriptions}
    gate = _Gate(access, frozenset({project} | topics | subscriptions))
    _add_topics(routes, project, wiring.topics, broker, gate)
    _add_subscriptions(routes, project, broker, gate)
    _add_deliveries(routes, project, broker, gate)
    return routes


def _add_topics(routes: Blueprint, project: str, topics: tuple[str, ...], broker: Broker, gate: _Gate) -> None:
    @routes.get(f"/v1/{project}/topics")
    def list_topics() -> Response:
        gate.admit("pubsub.topics.list", project)
        return jsonify(topics=[{"name": f"{project}/topics/{topic}"} for topic in topics])

    @routes.get(f"/v1/{project}/topics/<topic>")
    def get_topic(topic: str) -> Response:
        gate.admit("pubsub.topics.get", f"topics/{topic}")
        return jsonify(name=f"{project}/topics/{topic}")

    @routes.post(f"/v1/{project}/topics/<topic>:publish")
    def publish(topic: str) -> Response:
        who = gate.admit("pubsub.topics.publish", f"topics/{topic}").partition(":")[2]
        messages = [_parsed(message) for message in _body().get("messages", [])]
        return jsonify(messageIds=[broker.publish(topic, data, attributes, who=who) for data, attributes in messages])


def _add_subscriptions(routes: Blueprint, project: str, broker: Broker, gate: _Gate) -> None:
    @routes.get(f"/v1/{project}/subscriptions")
    def list_subscriptions() -> Response:
        gate.admit("pubsub.subscriptions.list", project)
        return jsonify(subscriptions=[_described(project, one) for one in broker.subscriptions.values()])

    @routes.get(f"/v1/{project}/subscriptions/<subscription>")
    def get_subscription(subscription: str) -> Response:
        gate.admit("pubsub.subscriptions.get", f"subscriptions/{subscription}")
        return jsonify(_described(project, broker.subscriptions[subscription]))


def _add_deliveries(routes: Blueprint, project: str, broker: Broker, gate: _Gate) -> None:
    @routes.post(f"/v1/{project}/subscriptions/<subscription>:pull")
    def pull(subscription: str) -> Response:
        gate.admit("pubsub.subscriptions.consume", f"subscriptions/{subscription}")
        wanted = _body()
        if wanted.get("maxMessages", 0) < 1:
            raise ApiError(400, "badRequest", "The value for max_messages must be greater than 0.")
        wait_s = 0.0 if wanted.get("returnImmediately") else PULL_WAIT_S
        leased = broker.lease(subscription, wanted["maxMessages"], wait_s=wait_s)
        counted = broker.subscriptions[subscription].dead_letter_topic is not None
        return jsonify(receivedMessages=[_received(one, counted=counted) for one in leased])

    @routes.post(f"/v1/{project}/subscriptions/<subscription>:acknowledge")
    def acknowledge(subscription: str) -> Response:
        gate.admit("pubsub.subscriptions.consume", f"subscriptions/{subscription}")
        broker.acknowledge(subscription, _body().get("ackIds", []))
        return jsonify({})

    @routes.post(f"/v1/{project}/subscriptions/<subscription>:modifyAckDeadline")
    def modify_ack_deadline(subscription: str) -> Response:
        gate.admit("pubsub.subscriptions.consume", f"subscriptions/{subscription}")
        wanted = _body()
        broker.modify_deadline(subscription, wanted.get("ackIds", []), wanted.get("ackDeadlineSeconds", 0))
        return jsonify({})


def _body() -> dict[str, Any]:
    body = request.get_json(force=True)
    if not isinstance(body, dict):
        raise ApiError(400, "badRequest", "Invalid JSON payload received: an object is expected.")
    return body


def _parsed(message: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    try:
        data, attributes = base64.b64decode(message.get("data", ""), validate=True), message.get("attributes", {})
    except binascii.Error as error:
        raise ApiError(400, "badRequest", "Invalid value at 'messages[0].data': base64 decoding failed.") from error
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
    return {"ackId": leased.ack_id, "message": content} | ({"deliveryAttempt": leased.attempt} if counted else {})


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
