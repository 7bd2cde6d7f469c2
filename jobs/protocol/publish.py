"""Publish ModelReleased: the pointer is the outbox, so every run can publish it again. And let the
heart beat on its way.

Over Pub/Sub's REST interface: one call, no background thread, no gRPC channel.
"""

from collections.abc import Callable
from typing import Any, Protocol

from jobs.protocol.crash_points import Reached
from urgency.errors import Conflict, Forbidden, Unavailable
from urgency.google_errors import translated
from urgency.logs import Log
from urgency.messages import Heartbeat, ModelReleased
from urgency.registry import Registry
from urgency.settings import Settings

PUBLISH_TIMEOUT_S = 10.0


class Message(Protocol):
    """What can be published."""

    def to_pubsub(self) -> tuple[bytes, dict[str, str]]:
        """Data and attributes."""


Publish = Callable[[ModelReleased | Heartbeat], None]


def publish_pending(
    registry: Registry, publish: Publish, execution: str, reached: Reached, log: Log
) -> None:
    """Publish the pointer's epoch as `execution`, unless that is known to have happened."""
    release = registry.current_release()[1]
    token, notified = registry.notified_epoch()
    if notified >= release.epoch:
        return
    publish(ModelReleased(release.epoch, release.champion, execution))
    reached("published")
    try:
        registry.record_notified(release.epoch, token)
    except Conflict:
        log.info("notified_by_another", epoch=release.epoch)
    reached("notified")


def beat(registry: Registry, publish: Publish, execution: str, log: Log, *, epoch: int) -> None:
    """Publish and log a heartbeat, unless the pointer moved since `epoch`: a release went that way.

    None before there is a model that the service can answer with. A run has done its work when it
    beats, so one that cannot only says so: the alert is on silence.
    """
    release = registry.current_release()[1]
    if not release.champion or release.epoch != epoch:
        return
    try:
        publish(Heartbeat(execution))
    except (Forbidden, Unavailable) as error:
        log.warning("heartbeat_not_sent", reason=str(error))
    else:
        log.info("heartbeat", hop="train")


def publisher(
    settings: Settings, credentials: Any = None, *, topic: str = ""
) -> Callable[[Message], None]:
    """What publishes to a topic and returns once Pub/Sub has the message.

    credentials: of google-auth; None: the application-default ones.   topic: without the project;
    empty: the release topic.   It raises Unavailable or Forbidden.
    """
    topic = topic or settings.release_topic

    def publish(message: Message) -> None:
        # Imported at the first message: most runs have none.
        from google.pubsub_v1 import PublisherClient

        endpoint = settings.pubsub_endpoint
        options: dict[str, Any] = {"api_endpoint": endpoint} if endpoint else {}
        data, attributes = message.to_pubsub()
        with translated(f"publish to topic {topic}"):
            client = PublisherClient(
                transport="rest", credentials=credentials, client_options=options
            )
            client.publish(
                topic=client.topic_path(settings.project, topic),
                messages=[{"data": data, "attributes": attributes}],
                timeout=PUBLISH_TIMEOUT_S,
            )

    return publish
