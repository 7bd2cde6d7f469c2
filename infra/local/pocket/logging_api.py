"""Cloud Logging's `entries:list` (v2) over what the containers of this stack have written.

https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
"""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.access import Access
from infra.local.pocket.app import product
from infra.local.pocket.container_logs import container_logs
from infra.local.pocket.errors import ApiError
from infra.local.pocket.log_entries import Entry, passing
from infra.local.state import Home
from infra.local.wiring import Wiring

PAGE_SIZE, MOST = 50, 1000
ORDERS = {"": False, "timestamp asc": False, "timestamp desc": True}


def logging_blueprint(home: Home, wiring: Wiring, access: Access) -> Blueprint:
    """The log entries of `wiring`'s containers; a call needs a grant on the log view it names."""

    def list_entries() -> Response:
        member, body = access.caller(request), request.get_json(force=True)
        views = body.get("resourceNames") or []
        if not views:
            raise ApiError(400, "badRequest", "No resource_names were specified.")
        for view in views:
            access.require(member, "logging.views.access", _short(view))
        logs = container_logs(home, wiring)
        return jsonify(_page((entry for log in logs for entry in log.entries()), body))

    return product("logging", [("POST", "/v2/entries:list", list_entries)])


def _page(entries: Iterator[Entry], body: dict[str, Any]) -> dict[str, Any]:
    """What one call answers: the entries that pass, in order, from the page token on."""
    size, order = int(body.get("pageSize") or PAGE_SIZE), body.get("orderBy", "")
    if order not in ORDERS or not 0 < size <= MOST:
        raise ApiError(400, "badRequest", f"orderBy or pageSize is not valid: {order!r}, {size}.")
    try:
        test = passing(body.get("filter", ""))
    except ValueError as error:
        raise ApiError(400, "badRequest", f"Unparseable filter: {error}") from None
    taken = sorted(filter(test, entries), key=_when, reverse=ORDERS[order])
    begin = int(body.get("pageToken") or 0)
    page: dict[str, Any] = {"entries": taken[begin : begin + size]}
    if begin + size < len(taken):
        page["nextPageToken"] = str(begin + size)
    return page


def _when(entry: Entry) -> str:
    return str(entry["timestamp"])


def _short(view: str) -> str:
    """'projects/p/locations/global/buckets/b/views/v' -> 'views/v', as grants name it."""
    return "/".join(view.split("/")[-2:])
