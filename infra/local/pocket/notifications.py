"""Bucket notifications: storage's agent announces written objects on a topic.

https://cloud.google.com/storage/docs/pubsub-notifications
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from infra.local.pocket.access import Access
from infra.local.pocket.broker import Broker
from infra.local.timeline import Timeline
from infra.local.wiring import Notification, Wiring

Resource = dict[str, object]
"""An object as Cloud Storage's JSON API describes it."""


class Notifications:
    """The notifications of `wiring`, published as storage's own agent where it may."""

    def __init__(self, broker: Broker, wiring: Wiring, access: Access, timeline: Timeline) -> None:
        self._broker = broker
        self._configs = dict(enumerate(wiring.notifications, start=1))
        self._agent = wiring.agents["storage"]
        self._access = access
        self._timeline = timeline

    def send(self, event_type: str, resource: Resource) -> None:
        """Announce what happened to an object, on the topic of every notification that asks for it."""
        facts = {"bucket": str(resource["bucket"]), "object": str(resource["name"])}
        self._timeline.note(
            event_type.lower(), self._agent, generation=str(resource["generation"]), **facts
        )
        for number, config in self._configs.items():
            if _asks_for(config, event_type, resource):
                self._publish(number, config.topic, event_type, resource)

    def _publish(self, number: int, topic: str, event_type: str, resource: Resource) -> None:
        if not self._access.allows(
            f"serviceAccount:{self._agent}", "pubsub.topics.publish", f"topics/{topic}"
        ):
            self._timeline.note(
                "notification_refused", self._agent, topic=topic, object=str(resource["name"])
            )
            return
        attributes = {
            "eventType": event_type,
            "payloadFormat": "JSON_API_V1",
            "bucketId": str(resource["bucket"]),
            "objectId": str(resource["name"]),
            "objectGeneration": str(resource["generation"]),
            "eventTime": (
                datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            ),
            "notificationConfig": (
                f"projects/_/buckets/{resource['bucket']}/notificationConfigs/{number}"
            ),
        }
        self._broker.publish(topic, json.dumps(resource).encode(), attributes, who=self._agent)


def _asks_for(config: Notification, event_type: str, resource: Resource) -> bool:
    return (
        config.bucket == resource["bucket"]
        and event_type in config.event_types
        and str(resource["name"]).startswith(config.object_name_prefix)
    )
