"""What a webhook's function calls: the prediction service and Pub/Sub, over HTTP."""

from __future__ import annotations

import base64
from functools import cache

import google.auth
import google.auth.transport.requests
import requests
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

from functions.webhooks import Prediction, Ticket
from urgency.errors import Unavailable
from urgency.messages import TicketScored
from urgency.settings import Settings

CALL_TIMEOUT_S = 4.0
"""For each of two calls: helpdesks wait about ten seconds for an answer."""

PUBSUB = "https://pubsub.googleapis.com"
PUBLISHES = "https://www.googleapis.com/auth/pubsub"

_CALLERS_FAULT = {400, 413, 415, 422}


class Calls:
    """Calls to the service and the topic that the settings name. Both raise Unavailable."""

    def __init__(self, settings: Settings) -> None:
        self._predict_url = f"{settings.service_url}/v1/predict"
        self._audience = settings.service_url
        topic = f"projects/{settings.project}/topics/{settings.scored_topic}"
        self._publish_url = f"{settings.pubsub_endpoint or PUBSUB}/v1/{topic}:publish"

    def predict(self, ticket: Ticket) -> Prediction:
        """The service's answer to a ticket; a refusal of the ticket is an answer too."""
        try:
            transport = google.auth.transport.requests.Request()
            token = id_token.fetch_id_token(transport, self._audience)
            answer = requests.post(
                self._predict_url,
                json=ticket,
                headers={"Authorization": f"Bearer {token}"},
                timeout=CALL_TIMEOUT_S,
            )
            if answer.status_code == 200:
                version, epoch = (
                    int(answer.headers[f"X-Model-{name}"]) for name in ("Version", "Epoch")
                )
                return Prediction(200, answer.json(), version, epoch)
            if answer.status_code in _CALLERS_FAULT:
                return Prediction(answer.status_code, answer.json())
        except (GoogleAuthError, requests.RequestException, KeyError, ValueError) as error:
            what = f"The service did not answer: {type(error).__name__}."
            raise Unavailable(what) from error
        raise Unavailable(f"The service answered {answer.status_code}.")

    def publish(self, scored: TicketScored) -> None:
        """Publish one message."""
        data, attributes = scored.to_pubsub()
        message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
        body = {"messages": [message]}
        try:
            answer = _session().post(self._publish_url, json=body, timeout=CALL_TIMEOUT_S)
        except (GoogleAuthError, requests.RequestException) as error:
            what = f"The prediction could not be published: {type(error).__name__}."
            raise Unavailable(what) from error
        if answer.status_code != 200:
            raise Unavailable(f"Pub/Sub answered {answer.status_code}.")


@cache
def _session() -> google.auth.transport.requests.AuthorizedSession:
    """With this function's own token, which it renews."""
    credentials, _project = google.auth.default(scopes=[PUBLISHES])
    return google.auth.transport.requests.AuthorizedSession(credentials)
