"""Cloud Logging's entries: from a line that a container writes, and whether a filter takes one.

Lines: https://cloud.google.com/logging/docs/structured-logging.   Filters: the part of the Logging
query language that this system uses: comparisons, AND, OR in parentheses,
https://cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any

Entry = dict[str, Any]
Test = Callable[[Entry], bool]

SEVERITIES = (
    *("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL"),
    *("ALERT", "EMERGENCY"),
)
COMPARISONS = {"=": eq, "!=": ne, ">=": ge, ">": gt, "<=": le, "<": lt}
QUOTED = r'"(?:[^"\\]|\\.)*"'
TOKEN = re.compile(rf"\s*({QUOTED}|!=|>=|<=|[=<>()]|[\w-]+(?:\.(?:[\w-]+|{QUOTED}))*)")


def entry_of(line: str, resource: str, *, time: str = "", **labels: str) -> Entry:
    """The LogEntry of one line on standard output or error of a container.

    Severity and time leave the members; the rest is the jsonPayload, or the textPayload where it
    is only a message. A line that is no JSON object is text, at `time`.
    """
    try:
        members = json.loads(line)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        members = {"message": line}
    entry = {
        "severity": members.pop("severity", "DEFAULT"),
        "timestamp": members.pop("time", time),
        "resource": {"type": resource, "labels": labels},
    }
    text_alone = members.keys() == {"message"}
    return entry | ({"textPayload": members["message"]} if text_alone else {"jsonPayload": members})


def passing(filter_: str) -> Test:
    """A filter, read once. Raises ValueError for one outside the part known here."""
    tokens = _tokens(filter_)
    if not tokens:
        return lambda _entry: True
    test = _joined(tokens, "AND")
    if tokens:
        raise _unknown(tokens[0])
    return test


def extracted(extractor: str, entry: Entry) -> Any:
    """What EXTRACT(path) finds, or None."""
    path = re.fullmatch(r"EXTRACT\(([\w.]+)\)", extractor)
    if path is None:
        raise ValueError(f"{extractor} is not an EXTRACT of one field")
    return _at(path[1].split("."), entry)


def _tokens(filter_: str) -> list[str]:
    tokens, at = [], 0
    while filter_[at:].strip():
        found = TOKEN.match(filter_, at)
        if found is None:
            raise _unknown(filter_[at:])
        tokens.append(found[1])
        at = found.end()
    return tokens


def _joined(tokens: list[str], word: str) -> Test:
    """Terms with one word between them; takes them from the front of `tokens`."""
    tests = [_term(tokens)]
    while tokens and tokens[0] == word:
        tokens.pop(0)
        tests.append(_term(tokens))
    every = all if word == "AND" else any
    return lambda entry: every([test(entry) for test in tests])


def _term(tokens: list[str]) -> Test:
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        test = _joined(tokens, "OR")
        _expect(tokens, ")")
        return test
    path, sign = _next(tokens), _next(tokens)
    if sign not in COMPARISONS:
        raise _unknown(f"{path} {sign}")
    values = _values(tokens)
    return lambda entry: any(_holds(path, sign, value, entry) for value in values)


def _values(tokens: list[str]) -> list[str]:
    """One value, or several as in ("a" OR "b")."""
    if not tokens or tokens[0] != "(":
        return [_next(tokens)]
    tokens.pop(0)
    values = [_next(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        values.append(_next(tokens))
    _expect(tokens, ")")
    return values


def _next(tokens: list[str]) -> str:
    if not tokens or tokens[0] in "()":
        raise _unknown(" ".join(tokens))
    return tokens.pop(0)


def _expect(tokens: list[str], token: str) -> None:
    if not tokens or tokens.pop(0) != token:
        raise _unknown(f"a filter without its {token}")


def _unknown(text: str) -> ValueError:
    return ValueError(f"{text} is outside the part of the query language that is known here")


def _holds(path: str, sign: str, literal: str, entry: Entry) -> bool:
    found, value = _at(_segments(path), entry), _value(literal)
    if path == "severity":
        found, value = (SEVERITIES.index(x) if x in SEVERITIES else -1 for x in (found, value))
    elif path == "timestamp":
        found, value = (datetime.fromisoformat(str(x)) for x in (found, value))
    if type(found) is not type(value) and not (_is_number(found) and _is_number(value)):
        return False  # also where there is no such field: a missing one passes neither = nor !=
    return bool(COMPARISONS[sign](found, value))


def _value(literal: str) -> Any:
    """A quoted text, a number or a boolean; another bare word is a text."""
    try:
        return json.loads(literal)
    except ValueError:
        return literal


def _segments(path: str) -> list[str]:
    """'labels."a.b"' -> ['labels', 'a.b']."""
    return [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|([^."]+)', path)]


def _at(segments: list[str], entry: Entry) -> Any:
    found: Any = entry
    for name in segments:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
