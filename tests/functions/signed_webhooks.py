"""Webhooks as helpdesks send them: bodies from their documentation, signed with a secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

SECRET = "c2VjcmV0"
"""Base64, as Standard Webhooks wants it; to the others it is a text."""

Signed = tuple[dict[str, str], bytes]


def _hmac(secret: str, signed: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed, hashlib.sha256)


def _iso(sent: float) -> str:
    return datetime.fromtimestamp(sent, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def zendesk(sent: float, secret: str = SECRET, **changed: Any) -> Signed:
    """https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/."""
    detail = {
        "id": "5158",
        "subject": "Checkout is down",
        "description": "for all customers",
        "via": {"channel": "email"},
        "priority": None,
        "updated_at": _iso(sent),
    }
    event = {"type": "zen:event-type:ticket.created", "subject": "zen:ticket:5158"}
    body = json.dumps(event | {"detail": detail} | changed).encode()
    signature = base64.b64encode(_hmac(secret, _iso(sent).encode() + body)).decode()
    name = "X-Zendesk-Webhook-Signature"
    return {name: signature, f"{name}-Timestamp": _iso(sent)}, body


def jira(sent: float, secret: str = SECRET, **changed: Any) -> Signed:
    """https://developer.atlassian.com/cloud/jira/platform/webhooks/."""
    fields = {
        "summary": "Checkout is down",
        "description": "for all customers",
        "updated": "2026-11-26T14:00:00.000+0000",
    }
    issue = {"id": "99291", "key": "SD-17", "fields": fields}
    event = {"timestamp": int(sent * 1000), "webhookEvent": "jira:issue_created", "issue": issue}
    body = json.dumps(event | changed).encode()
    return {"X-Hub-Signature": f"sha256={_hmac(secret, body).hex()}"}, body


def github(sent: float, secret: str = SECRET, **changed: Any) -> Signed:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues."""
    issue = {
        "url": "https://api.github.com/repos/octo/shop/issues/1",
        "title": "Checkout is down",
        "body": "for all customers",
        "updated_at": _iso(sent),
    }
    body = json.dumps({"action": "opened", "issue": issue} | changed).encode()
    signature = f"sha256={_hmac(secret, body).hex()}"
    return {"X-Hub-Signature-256": signature, "X-GitHub-Event": "issues"}, body


def freshdesk(_sent: float, secret: str = SECRET, **changed: Any) -> Signed:
    """https://support.freshdesk.com/support/solutions/articles/132589."""
    ticket = {
        "ticket_id": 12,
        "ticket_subject": "Checkout is down",
        "ticket_description": "<p>for all customers</p>",
        "ticket_source": "Phone",
    }
    body = json.dumps({"freshdesk_webhook": ticket} | changed).encode()
    return {"X-Webhook-Token": secret}, body


def generic(sent: float, secret: str = SECRET, **changed: Any) -> Signed:
    """Standard Webhooks, with the signature of an older secret beside."""
    ticket = {"id": "T-1", "subject": "Checkout is down", "body": "for all customers"}
    body = json.dumps(ticket | changed).encode()
    key = base64.b64decode(secret).decode()
    signature = base64.b64encode(_hmac(key, b"msg_1.%d." % sent + body)).decode()
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": f"{int(sent)}",
        "Webhook-Signature": f"v1,b2xk v1,{signature}",
    }, body


SENDERS: dict[str, Callable[..., Signed]] = {
    "zendesk": zendesk,
    "jira": jira,
    "github": github,
    "freshdesk": freshdesk,
    "generic": generic,
}
