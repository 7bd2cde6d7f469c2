"""An example of who reads `ticket-scored`: it tags the ticket in Zendesk, and undoes nobody's work.

A function of its own, on a push subscription to the topic `ticket-scored` with the filter
`attributes.helpdesk = "zendesk" AND attributes.label = "urgent"`. ZENDESK_URL is the account's
address, ZENDESK_AUTHORIZATION the header of an agent's token who may edit tickets, from Secret
Manager.

A person comes first. The tag is only added, and only to a ticket that nobody has changed since it
was scored: Zendesk itself refuses the write if somebody changes it at the same moment. So a message
that comes twice, late, or after an agent took the tag away does nothing.

https://developer.zendesk.com/api-reference/ticketing/ticket-management/tags/
"""

import base64
import json
import os
from datetime import datetime
from typing import Any

import functions_framework
import requests

TAG = "urgent-predicted"
TIMEOUT_S = 10


@functions_framework.cloud_event
def on_ticket_scored(event: Any) -> None:
    """Tag a ticket that was scored urgent. Raises what may pass, so that Pub/Sub tries again."""
    scored = json.loads(base64.b64decode(event.data["message"]["data"]))
    if scored["helpdesk"] == "zendesk" and scored["urgent"] and scored["updated_at"]:
        line = {"message": tagged(scored), "ticket": scored["ticket_id"]}
        print(json.dumps(line))  # noqa: T201  Cloud Logging reads what is printed


def tagged(scored: dict[str, Any]) -> str:
    """Add the tag if nobody has changed the ticket; what was done."""
    url = f"{os.environ['ZENDESK_URL']}/api/v2/tickets/{int(scored['ticket_id'])}"
    headers = {"Authorization": os.environ["ZENDESK_AUTHORIZATION"]}
    found = requests.get(f"{url}.json", headers=headers, timeout=TIMEOUT_S)
    if found.status_code == 404:
        return "ticket_is_gone"
    found.raise_for_status()
    updated_at = found.json()["ticket"]["updated_at"]
    if datetime.fromisoformat(updated_at) > datetime.fromisoformat(scored["updated_at"]):
        return "ticket_was_changed"
    guarded = {"tags": [TAG], "updated_at": updated_at, "safe_update": "true"}
    answer = requests.put(f"{url}/tags.json", json=guarded, headers=headers, timeout=TIMEOUT_S)
    if answer.status_code == 409:
        return "ticket_is_being_changed"
    answer.raise_for_status()
    return "ticket_tagged"
