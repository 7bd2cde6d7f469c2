"""Bucket notifications: storage's agent publishes a message for each new object.

https://cloud.google.com/storage/docs/pubsub-notifications
"""

import json
from datetime import UTC, datetime

from infra.local.pocket.access import Access
from infra.local.pocket.broker import Broker
from infra.local.timeline import Timeline, utc_text
from infra.local.wiring import Notification, Wiring

Resource = dict[str, object]
"""An object as Cloud Storage's JSON API describes it."""


class Notifications:
    """The notifications of `wiring`, published by storage's agent where a grant allows it."""

    def __init__(self, broker: Broker, wiring: Wiring, access: Access, timeline: Timeline) -> None:
        self._broker = broker
        self._configs = dict(enumerate(wiring.notifications, start=1))
        self._agent = wiring.agents["storage"]
        self._access = access
        self._timeline = timeline

    def send(self, event_type: str, resource: Resource) -> None:
        """Publish what happened to an object on the topic of every notification that matches."""
        bucket, name, generation = (str(resource[key]) for key in ("bucket", "name", "generation"))
        facts = {"generation": generation, "bucket": bucket, "object": name}
        self._timeline.note(event_type.lower(), self._agent, **facts)
        attributes = {
            "eventType": event_type,
            "payloadFormat": "JSON_API_V1",
            "bucketId": bucket,
            "objectId": name,
            "objectGeneration": generation,
            "eventTime": utc_text(datetime.now(UTC), "microseconds"),
        }
        for number, config in self._configs.items():
            if _matches(config, event_type, resource):
                config_name = f"projects/_/buckets/{bucket}/notificationConfigs/{number}"
                named = attributes | {"notificationConfig": config_name}
                self._publish(config.topic, named, resource)

    def _publish(self, topic: str, attributes: dict[str, str], resource: Resource) -> None:
        agent = f"serviceAccount:{self._agent}"
        if not self._access.allows(agent, "pubsub.topics.publish", f"topics/{topic}"):
            refused = {"topic": topic, "object": str(resource["name"])}
            return self._timeline.note("notification_refused", self._agent, **refused)
        data = json.dumps(resource).encode()
        self._broker.publish(topic, data, attributes, who=self._agent)
        return None


def _matches(config: Notification, event_type: str, resource: Resource) -> bool:
    return (
        config.bucket == resource["bucket"]
        and event_type in config.event_types
        and str(resource["name"]).startswith(config.object_name_prefix)
    )
