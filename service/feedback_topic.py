"""Feedback -> Pub/Sub, by one plain HTTPS call: its client library would bring gRPC along, which is
19 MB of image and .08 s of CPU at each start.

https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cached_property
from threading import Semaphore

import google.auth
import msgspec
import requests
from google.api_core.exceptions import from_http_response
from google.auth.transport.requests import AuthorizedSession, Request

from service.background import Background
from urgency.deadlines import mounted
from urgency.errors import Unavailable
from urgency.google_errors import translated
from urgency.settings import Settings

PUBLISH_S = 4.0
"""How long a caller waits; then nobody knows whether the messages were taken."""

WAIT_S = 1.3
"""For connecting, for a token and for each read."""

AT_A_TIME = 4
"""Calls under way; half of the threads of the service remain for others while Pub/Sub hangs."""

QUEUE_S = 0.5
"""How long a request waits for one of these calls to end: ten times what one takes."""

_SCOPE = "https://www.googleapis.com/auth/pubsub"
_GOOGLES = "https://pubsub.googleapis.com"


class FeedbackTopic:
    """The topic that the settings name; credentials are asked for at the first message."""

    def __init__(self, settings: Settings) -> None:
        topic = f"projects/{settings.project}/topics/{settings.feedback_topic}"
        self._url = f"{settings.pubsub_endpoint or _GOOGLES}/v1/{topic}:publish"
        self._name = settings.feedback_topic
        self._background = Background(AT_A_TIME)
        self._places = Semaphore(AT_A_TIME)

    def publish(self, messages: Sequence[bytes]) -> None:
        """Return once Pub/Sub has all messages. Raises Unavailable, also late, or Forbidden."""
        what = f"Publishing to topic {self._name}"
        if not self._places.acquire(timeout=QUEUE_S):
            raise Unavailable(f"{what} is what too many others wait for. Try again later.")
        try:
            self._background.result(lambda: self._post(messages), PUBLISH_S, what)
        finally:
            self._places.release()

    def _post(self, messages: Sequence[bytes]) -> None:
        encoded = [{"data": base64.b64encode(message).decode()} for message in messages]
        body = msgspec.json.encode({"messages": encoded})
        headers = {"Content-Type": "application/json"}
        with translated(f"publish to topic {self._name}"):
            answer = self._session.post(
                self._url, data=body, headers=headers, timeout=WAIT_S, max_allowed_time=PUBLISH_S
            )
            if answer.status_code != requests.codes.ok:
                raise from_http_response(answer)

    @cached_property
    def _session(self) -> AuthorizedSession:
        """A session all of whose answers end, those of the token endpoint too."""
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        tokens = Request(mounted(requests.Session()))
        session = AuthorizedSession(credentials, refresh_timeout=WAIT_S, auth_request=tokens)
        mounted(session)
        return session
