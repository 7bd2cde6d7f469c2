"""A ticket's members beyond the API's own names: read by the words of helpdesks, or named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Raw, ValidationError

from service.bodies import Flaw, decoded, flaw, pointer_step
from urgency.vocabulary import ROLES, key, names, role_of

ID_MAX = 200

NAME_MAX = 100
"""Characters beyond which a member's name is no word of a helpdesk."""

NAMES_SHOWN, NAME_SHOWN_MAX = 10, 60
"""How many names a warning lists, and how many characters of each."""

TicketId = Annotated[str, Meta(max_length=ID_MAX)] | int | None

FIELDS = {
    "ticket_id": "id",
    "title": "title",
    "description": "description",
    "source": "source",
    "customer_tier": "customer_tier",
}
"""Role -> the API's own name for it."""

_OWN = frozenset(FIELDS.values())
_SHORT = {"id", "source", "customer_tier"}
_ABSENT = (b"null", b'""')
_VALUES: dict[str, msgspec.json.Decoder[TicketId]] = {
    field: msgspec.json.Decoder(TicketId if field == "id" else str | None) for field in _OWN
}
_role = lru_cache(maxsize=1_024)(role_of)  # the same names come in every body


class Others(NamedTuple):
    """What other members say: values by field, their names by field, what the caller is told."""

    values: dict[str, str | int]
    written: dict[str, str]
    warnings: tuple[str, ...]


class _Sorted(NamedTuple):
    """Names of members: by field with the preferred one first, of labels, and all the rest."""

    aliases: dict[str, list[str]]
    labels: list[str]
    unknown: list[str]


def read_others(members: dict[str, Raw], filled: Collection[str]) -> Others:
    """Fields from members that are not the API's own; `filled`: fields that have a value already.

    null and "" are as if absent. An object is no id, source or tier: it counts as unknown. Raises
    Flaw if a field could only come from a member of a wrong type.
    """
    aliases, labels, unknown = _sorted(members)
    values: dict[str, str | int] = {}
    written = {field: field for field in filled}
    beside: list[str] = []
    for field, candidates in aliases.items():
        if field not in filled and (found := _first(field, candidates, members)):
            written[field], values[field] = found
        if taken := written.get(field):
            unread = [name for name in candidates if name != taken]
            instead = f"{shown(taken)} is read instead."
            beside += _not_read(unread, instead, instead)
    warnings = [f"Not known and not read: {_listed(unknown)}."] if unknown else []
    label = "what the model predicts."
    warnings += [*beside, *_not_read(labels, f"it is {label}", f"they are {label}")]
    return Others(values, written, tuple(warnings))


def shown(name: str) -> str:
    """A member's name for a sentence: cut, and without signs that do not print."""
    cut = name if len(name) <= NAME_SHOWN_MAX else f"{name[: NAME_SHOWN_MAX - 1]}…"
    signs = [sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in cut]
    return "".join(signs) or '""'


def warm() -> None:
    """Read the vocabulary, for which the first ticket with other members would wait."""
    _places()


def _sorted(members: dict[str, Raw]) -> _Sorted:
    """The members that hold something, by what their names mean; dates are left out."""
    aliases: dict[str, list[str]] = defaultdict(list)
    labels: list[str] = []
    unknown: list[str] = []
    for name, value in members.items():
        if name in _OWN or bytes(value) in _ABSENT:
            continue
        role = _role(name) if len(name) <= NAME_MAX else None
        field = FIELDS.get(role or "")
        if role is None or (field in _SHORT and bytes(value)[:1] in (b"{", b"[")):
            unknown.append(name)
        elif role == "label_urgency":
            labels.append(name)
        elif field:
            aliases[field].append(name)
    for candidates in aliases.values():
        candidates.sort(key=_place)
    return _Sorted(aliases, labels, unknown)


def _first(
    field: str, candidates: list[str], members: dict[str, Raw]
) -> tuple[str, str | int] | None:
    """The first candidate that holds a value. Raises Flaw if none does and one has a wrong type."""
    first = None
    for name in candidates:
        try:
            value = decoded(_VALUES[field], members[name])
        except ValidationError as error:
            first = first or Flaw(pointer_step(name), flaw(error).detail)
        else:
            if value is not None and str(value).strip():
                return name, value
    if first:
        raise first
    return None


def _not_read(unread: list[str], why_one: str, why_many: str) -> Iterator[str]:
    if len(unread) == 1:
        yield f"{shown(unread[0])} is not read: {why_one}"
    elif unread:
        yield f"{_listed(unread)} are not read: {why_many}"


def _listed(listed: list[str]) -> str:
    """Names for a sentence, as in "a, b and 3 more"."""
    parts = [shown(name) for name in listed[:NAMES_SHOWN]]
    if len(listed) > NAMES_SHOWN:
        parts.append(f"{len(listed) - NAMES_SHOWN:,} more")
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _place(name: str) -> int:
    return _places()[key(name)]


@cache
def _places() -> dict[str, int]:
    """Key of a name -> its place among its role's names, the preferred one first."""
    return {key(name): place for role in ROLES for place, name in enumerate(names(role))}
