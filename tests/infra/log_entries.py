"""Cloud Logging as far as our filters need it: from a JSON line to an entry, and to a match.

Lines: https://cloud.google.com/logging/docs/structured-logging.   Filters: a small part of the
Logging query language,
https://cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import json
import re
from typing import Any

Entry = dict[str, Any]

CLAUSE = re.compile(
    r'(?P<path>[\w.]+)(?P<sign>=|!=|>=)(?P<value>"(?:[^"\\]|\\.)*"|true|false|[-\d.]+)'
)


def entry_of(line: str, resource: str, **labels: str) -> Entry:
    """The LogEntry of one line on standard output or error of a container.

    Severity and time leave the members; the rest is the jsonPayload, or the textPayload where it
    is only a message.
    """
    members = json.loads(line)
    entry = {
        "severity": members.pop("severity", "DEFAULT"),
        "timestamp": members.pop("time"),
        "resource": {"type": resource, "labels": labels},
    }
    text_alone = members.keys() == {"message"}
    return entry | ({"textPayload": members["message"]} if text_alone else {"jsonPayload": members})


def takes(filter_: str, entry: Entry) -> bool:
    """Whether an entry passes. Raises ValueError for a filter outside the part known here."""
    holding = [_holds(clause, entry) for clause in filter_.split(" AND ")]  # reads every clause
    return all(holding)


def extracted(extractor: str, entry: Entry) -> Any:
    """What EXTRACT(path) finds, or None."""
    path = re.fullmatch(r"EXTRACT\(([\w.]+)\)", extractor)
    if path is None:
        raise ValueError(f"{extractor} is not an EXTRACT of one field")
    return _at(path[1], entry)


def _holds(clause: str, entry: Entry) -> bool:
    read = CLAUSE.fullmatch(clause)
    if read is None:
        raise ValueError(f"{clause} is outside the part of the query language that is known here")
    found, value = _at(read["path"], entry), json.loads(read["value"])
    if type(found) is not type(value) and not (_is_number(found) and _is_number(value)):
        return False  # also where there is no such field: a missing one passes neither = nor !=
    if read["sign"] == ">=":
        return bool(found >= value)
    return (found == value) is (read["sign"] == "=")


def _at(path: str, entry: Entry) -> Any:
    found: Any = entry
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
