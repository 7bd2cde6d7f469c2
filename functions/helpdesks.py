"""The helpdesks whose webhooks are understood: how each signs, and where its tickets stand.

A signature is checked over the bytes that came, before anything is parsed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from urgency.errors import UrgencyError


class Headers(Protocol):
    """A request's headers; names in any case."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header."""


Fields = Mapping[str, tuple[str, ...]]
"""A ticket's member -> the paths it may stand at, as in detail.subject; the first text is taken."""


class NotGenuine(UrgencyError):
    """A webhook's signature is missing, wrong or too old."""


@dataclass(frozen=True)
class Helpdesk:
    """One sender of webhooks.

    is_signed: whether headers and body were signed with a secret.   sent_at: the signed time; it
    raises ValueError and the like where there is none; None for a helpdesk that signs no time.
    tells_of_new: whether the event is a ticket that was made.
    """

    is_signed: Callable[[str, Headers, bytes], bool]
    sent_at: Callable[[Headers, Any], datetime] | None
    tells_of_new: Callable[[Headers, Any], bool]
    fields: Fields


def at(payload: Any, path: str) -> Any:
    """What stands at a path of names, as in issue.fields.summary; None where nothing does."""
    for name in path.split("."):
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def ticket_of(payload: Any, fields: Fields) -> dict[str, str | int]:
    """The members of a ticket that hold something, by the names of POST /v1/predict."""
    found = {}
    for member, paths in fields.items():
        values = (at(payload, path) for path in paths)
        texts = (one for one in values if isinstance(one, str | int) and str(one).strip())
        if (text := next(texts, None)) is not None:
            found[member] = text
    return found


def _sha256(secret: bytes, signed: bytes) -> bytes:
    return hmac.digest(secret, signed, hashlib.sha256)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _zendesk_signed(secret: str, headers: Headers, body: bytes) -> bool:
    """https://developer.zendesk.com/documentation/webhooks/verifying/."""
    signed = headers.get("X-Zendesk-Webhook-Signature-Timestamp", "").encode() + body
    expected = base64.b64encode(_sha256(secret.encode(), signed)).decode()
    return _same(headers.get("X-Zendesk-Webhook-Signature", ""), expected)


def _hub_signed(header: str) -> Callable[[str, Headers, bytes], bool]:
    """https://www.w3.org/TR/websub/#signature-validation, as GitHub and Jira sign."""

    def is_signed(secret: str, headers: Headers, body: bytes) -> bool:
        expected = f"sha256={_sha256(secret.encode(), body).hex()}"
        return _same(headers.get(header, ""), expected)

    return is_signed


def _token_sent(secret: str, headers: Headers, _body: bytes) -> bool:
    """Freshdesk signs nothing: its rules send a header of the administrator's choice."""
    return _same(headers.get("X-Webhook-Token", ""), secret)


def _standard_signed(secret: str, headers: Headers, body: bytes) -> bool:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return False
    about = f"{headers.get('Webhook-Id', '')}.{headers.get('Webhook-Timestamp', '')}."
    expected = f"v1,{base64.b64encode(_sha256(key, about.encode() + body)).decode()}"
    given = headers.get("Webhook-Signature", "").split()
    return any(_same(one, expected) for one in given)


def _in_header(header: str, read: Callable[[str], datetime]) -> Callable[[Headers, Any], datetime]:
    return lambda headers, _payload: read(headers.get(header, ""))


def _iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _unix(text: str) -> datetime:
    return datetime.fromtimestamp(int(text), UTC)


def _jira_sent(_headers: Headers, payload: Any) -> datetime:
    return datetime.fromtimestamp(int(at(payload, "timestamp")) / 1000, UTC)


def _github_sent(_headers: Headers, payload: Any) -> datetime:
    """GitHub signs no time of sending; an issue that was just opened was updated just now."""
    return _iso(str(at(payload, "issue.updated_at")))


def _zendesk_new(_headers: Headers, payload: Any) -> bool:
    """An event of a made ticket, or the body that an administrator wrote for a trigger."""
    kind = at(payload, "type")
    return kind is None or kind == "zen:event-type:ticket.created"


def _jira_new(_headers: Headers, payload: Any) -> bool:
    return bool(at(payload, "webhookEvent") == "jira:issue_created")


def _github_new(headers: Headers, payload: Any) -> bool:
    return headers.get("X-GitHub-Event", "") == "issues" and at(payload, "action") == "opened"


def _any(_headers: Headers, _payload: Any) -> bool:
    return True


HELPDESKS = {
    "zendesk": Helpdesk(
        _zendesk_signed,
        _in_header("X-Zendesk-Webhook-Signature-Timestamp", _iso),
        _zendesk_new,
        {
            "id": ("detail.id", "ticket_id"),
            "title": ("detail.subject", "subject"),
            "description": ("detail.description", "description"),
            "source": ("detail.via.channel", "channel"),
            "updated_at": ("detail.updated_at", "updated_at"),
        },
    ),
    "jira": Helpdesk(
        _hub_signed("X-Hub-Signature"),
        _jira_sent,
        _jira_new,
        {
            "id": ("issue.key",),
            "title": ("issue.fields.summary",),
            "description": ("issue.fields.description",),
            "updated_at": ("issue.fields.updated",),
        },
    ),
    "github": Helpdesk(
        _hub_signed("X-Hub-Signature-256"),
        _github_sent,
        _github_new,
        {
            "id": ("issue.url",),
            "title": ("issue.title",),
            "description": ("issue.body",),
            "updated_at": ("issue.updated_at",),
        },
    ),
    "freshdesk": Helpdesk(
        _token_sent,
        None,
        _any,
        {
            "id": ("freshdesk_webhook.ticket_id",),
            "title": ("freshdesk_webhook.ticket_subject",),
            "description": ("freshdesk_webhook.ticket_description",),
            "source": ("freshdesk_webhook.ticket_source",),
            "updated_at": ("freshdesk_webhook.ticket_updated_at",),
        },
    ),
    "generic": Helpdesk(
        _standard_signed,
        _in_header("Webhook-Timestamp", _unix),
        _any,
        {
            "id": ("id", "ticket_id", "number"),
            "title": ("title", "subject"),
            "description": ("description", "body"),
            "source": ("source", "channel"),
            "customer_tier": ("customer_tier", "tier"),
            "updated_at": ("updated_at",),
        },
    ),
}
"""Name, which is the last part of the webhook's address -> helpdesk."""
