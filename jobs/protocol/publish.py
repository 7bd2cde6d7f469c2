"""Publish ModelReleased over Pub/Sub's REST interface: one call, no background thread, no gRPC channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from urgency.errors import Forbidden, Unavailable
from urgency.messages import ModelReleased
from urgency.settings import Settings

PUBLISH_TIMEOUT_S = 10.0


def publisher(settings: Settings) -> Callable[[ModelReleased], None]:
    """A function that publishes to the release topic and returns once Pub/Sub has the message.

    It raises Unavailable or Forbidden. The client is imported at the first message: most runs have none.
    """

    def publish(message: ModelReleased) -> None:
        import requests
        from google.api_core import exceptions as api
        from google.auth import exceptions as auth

        try:
            _publish(settings, message)
        except (api.Forbidden, api.Unauthorized, api.NotFound) as error:
            raise Forbidden(
                f"Topic {settings.release_topic} refused the message: {error.message}"
            ) from error
        except (
            api.GoogleAPIError,
            auth.TransportError,
            auth.RefreshError,
            requests.RequestException,
        ) as error:
            raise Unavailable(
                f"Pub/Sub did not take the message: {type(error).__name__}. Try again later."
            ) from error

    return publish


def _publish(settings: Settings, message: ModelReleased) -> None:
    from google.pubsub_v1 import PublisherClient

    options: dict[str, Any] = (
        {"api_endpoint": settings.pubsub_endpoint} if settings.pubsub_endpoint else {}
    )
    client = PublisherClient(transport="rest", client_options=options)
    data, attributes = message.to_pubsub()
    client.publish(
        topic=client.topic_path(settings.project, settings.release_topic),
        messages=[{"data": data, "attributes": attributes}],
        timeout=PUBLISH_TIMEOUT_S,
    )
