"""A helpdesk's webhook -> a prediction -> the message `ticket-scored`, and the answer.

The order is: whose signature is it, is it new, is it a ticket. No text of a ticket is logged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from functions.helpdesks import HELPDESKS, Headers, Helpdesk, NotGenuine, ticket_of
from urgency.errors import Unavailable
from urgency.logs import Log
from urgency.messages import TicketScored

REPLAY_WINDOW_S = 300.0
"""How far a signed time may be from now, either way; the usual five minutes."""

RETRY_LATER = {"Retry-After": "30"}

Ticket = dict[str, str | int]


class Answer(NamedTuple):
    """What the helpdesk is told."""

    members: dict[str, Any]
    status: int = 200
    headers: Mapping[str, str] = {}


class Prediction(NamedTuple):
    """The service's answer: its members, or a problem's; version and epoch of the model."""

    status: int
    members: dict[str, Any]
    version: int = 0
    epoch: int = 0


@dataclass(frozen=True)
class Webhooks:
    """Answers the webhooks of the helpdesks that have a secret.

    secrets: name of a helpdesk and its secret, twice the name while one is changed.   fields: where
    a ticket's members stand in the body of `generic`, before the usual places.
    predict, publish: raise Unavailable.   now: seconds since 1970.
    """

    secrets: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    predict: Callable[[Ticket], Prediction]
    publish: Callable[[TicketScored], None]
    log: Log
    now: Callable[[], float] = time.time

    def answer(self, path: str, headers: Headers, body: bytes) -> Answer:
        """The answer to one webhook; its status says whether the helpdesk should send it again."""
        name = path.strip("/")
        log = self.log.bind(helpdesk=name if name in HELPDESKS else "unknown")
        if not any(name == known for known, _ in self.secrets if known in HELPDESKS):
            return self._refused(log, 404, "No helpdesk of this name has a secret here.")
        helpdesk = self._helpdesk(name)
        try:
            payload = self._genuine(name, helpdesk, headers, body)
        except NotGenuine as error:
            return self._refused(log, 401, str(error))
        except (ValueError, RecursionError):
            return self._refused(log, 400, "The body is not JSON.")
        if not helpdesk.tells_of_new(headers, payload):
            log.info("webhook_ignored")
            return Answer({"status": "ignored"})
        return self._scored(name, log, ticket_of(payload, helpdesk.fields))

    def _helpdesk(self, name: str) -> Helpdesk:
        known = HELPDESKS[name]
        if name != "generic":
            return known
        own = {member: (path, *known.fields.get(member, ())) for member, path in self.fields}
        return replace(known, fields={**known.fields, **own})

    def _genuine(self, name: str, helpdesk: Helpdesk, headers: Headers, body: bytes) -> Any:
        """The parsed body. Raises NotGenuine, and ValueError or RecursionError if it is no JSON."""
        secrets = [secret for known, secret in self.secrets if known == name]
        if not any(helpdesk.is_signed(secret, headers, body) for secret in secrets):
            raise NotGenuine("The signature is missing or wrong; compare the secrets.")
        payload = json.loads(body)
        if helpdesk.sent_at:
            try:
                sent = helpdesk.sent_at(headers, payload).timestamp()
            except (ValueError, TypeError, OverflowError, OSError):
                raise NotGenuine("The signed time is missing or no time.") from None
            if abs(self.now() - sent) > REPLAY_WINDOW_S:
                raise NotGenuine("The signed time is over five minutes from now.")
        return payload

    def _scored(self, name: str, log: Log, ticket: Ticket) -> Answer:
        updated_at = str(ticket.pop("updated_at", ""))
        if "id" not in ticket:
            return self._refused(log, 422, "The ticket has no id, so nobody could find it.")
        try:
            predicted = self.predict(ticket)
            if predicted.status != 200:
                return self._refused(log, predicted.status, str(predicted.members.get("detail")))
            score = predicted.members
            scored = TicketScored(
                helpdesk=name,
                ticket_id=str(ticket["id"]),
                updated_at=updated_at,
                label=score["label"],
                urgent=score["urgent"],
                probability=score["probability"],
                version=predicted.version,
                epoch=predicted.epoch,
                scored_at=datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds"),
            )
            self.publish(scored)
        except Unavailable as error:
            log.warning("webhook_not_answered", reason=str(error))
            return Answer({"detail": str(error)}, 503, RETRY_LATER)
        log.info("ticket_scored", version=scored.version, epoch=scored.epoch)
        return Answer(score)

    def _refused(self, log: Log, status: int, detail: str) -> Answer:
        """What is not answered; the detail has no text of a ticket, so it may be logged."""
        log.warning("webhook_refused", status=status, reason=detail)
        return Answer({"detail": detail}, status, RETRY_LATER if status >= 500 else {})
