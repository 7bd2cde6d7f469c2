"""What may stand in `release.json` by accident or malice, and names no model that may serve."""

from __future__ import annotations

import json
from typing import Any

from urgency.records import SCHEMA, Release

VALUES: list[Any] = [
    *(None, True, False, -1, 1.5, 2**53 + 1, 10**400, float("inf"), float("nan")),
    *("", "7", "\ud800", [], [1], {}, {"version": 1}),
]
"""Values of another kind than a pointer's members have, each wrong for at least one of them."""


def strange_pointers(sound: Release) -> dict[str, bytes]:
    """Bodies by what is wrong with each; `sound` would be served."""
    members = json.loads(sound.to_bytes())
    bodies = {
        "empty": b"",
        "white space": b" \n",
        "not UTF-8": b"\xff\xfe\xfa",
        "half": sound.to_bytes()[:-9],
        "two": sound.to_bytes() * 2,
        "deeply nested": b"[" * 100_000 + b"]" * 100_000,
        "deeply nested champion": _with(members, champion=[]).replace(
            b"[]", b'{"a":' * 50_000 + b"1" + b"}" * 50_000
        ),
        "many digits": b"9" * 5_000,
        **{f"{value!r:.20}": json.dumps(value).encode() for value in VALUES},
        "newer schema": _with(members, schema=SCHEMA + 1),
    }
    for name in members:
        without = {kept: value for kept, value in members.items() if kept != name}
        bodies[f"no {name}"] = json.dumps(without).encode()
        for value in VALUES:
            if not _fits(name, value):
                bodies[f"{name} {value!r:.20}"] = _with(members, **{name: value})
    for name in members["champion"]:
        for value in VALUES:
            champion = members["champion"] | {name: value}
            bodies[f"champion {name} {value!r:.20}"] = _with(members, champion=champion)
    return bodies


def _fits(name: str, value: Any) -> bool:
    """Whether a pointer may hold this: then it is sound, or says that no model was released."""
    is_text = name in ("by", "reason", "at") and value in ("", "7")
    return is_text or (name == "pinned" and value in (True, False)) or (name, value) == _NONE


_NONE = ("champion", None)


def _with(members: dict[str, Any], **changed: Any) -> bytes:
    return json.dumps(members | changed).encode()
