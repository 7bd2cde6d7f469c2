"""JSON -> columns and records: a ticket a line, or a document that holds tickets in a list.

APIs answer with documents: a list of tickets, or an object that has one somewhere below. Of all
lists of objects in a document, that whose members have the most known names is the tickets'.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from jobs.tickets.chunks import Records, gathered
from jobs.tickets.file_kind import READ_HERE
from jobs.tickets.file_report import Problem
from jobs.tickets.find_table import SAMPLE_LINES
from jobs.tickets.limits import FileRefused, Limits, whole_text
from jobs.tickets.rules import Rules
from jobs.tickets.table import Table, table_of_names
from jobs.tickets.workbook import cell_text

Found = tuple[Table, Iterator[Records | Problem]]
_Lists = dict[tuple[str, ...], list[dict[str, Any]]]

_SPACE = re.compile(r"\s+")
_LIST = re.compile(r"\s*\[\s*[\[{\]]")

_LINES = 0.5
"""Share of the first lines that are objects, from which each line is a ticket."""

_DEPTH = 3
"""Objects inside a ticket whose members are looked at: `fields`, and what stands in it."""

_NAMED = ("name", "value", "displayName", "display_value")
"""What an object that stands for one value calls that value."""

_OBJECTS_MOST = 2_000_000
_SPLIT = "write a ticket a line (as with jq -c '.[]'), or split it."
_NO_TICKETS = f"this JSON holds no list of tickets. {READ_HERE}"


def is_document(head: str, rules: Rules) -> bool:
    """Whether the text that begins so is one JSON document, and not an object a line.

    An object in each line is no ticket where it is an answer of an API, with the tickets in it.
    """
    if not head.lstrip().startswith("{"):
        return _LIST.match(head) is not None
    lines = [line for line in head.split("\n")[:SAMPLE_LINES] if line.strip()]
    if sum(_members_of(line) is not None for line in lines) < _LINES * len(lines):
        return True
    return _tickets(_lists(head), rules).place != ()


def read_document(texts: Iterable[str], rules: Rules, limits: Limits) -> Found:
    """The tickets of a document, which is read whole; a record's line is its place in the list.

    Raises FileRefused for one that is too large, damaged, or holds no tickets.
    """
    text = whole_text(texts, limits.workbook_bytes, "this JSON document", _SPLIT)
    if text.count("{") + text.count("[") > _OBJECTS_MOST:  # each takes more than its characters
        raise FileRefused(1, f"this JSON document has over {_OBJECTS_MOST:,} objects; {_SPLIT}")
    found = _tickets(_lists(text, strict=True), rules)
    if not found.names:
        raise FileRefused(1, _NO_TICKETS)
    objects = map(_flat, found.objects)
    rows = ([members.get(name, "") for name in found.names] for members in objects)
    return found.table, gathered(enumerate(rows, 1))


def object_table(lines: Iterable[str], rules: Rules) -> tuple[list[str], Table]:
    """The columns of JSON lines that begin so, as they are written, and what they are."""
    return _table((members for line in lines if (members := _members_of(line))), rules)


def read_objects(
    blocks: Iterable[list[str]], names: Sequence[str], first: int
) -> Iterator[Records | Problem]:
    """The members with these names of the object in each line; `first`: number of the first."""

    def rows() -> Iterator[tuple[int, list[str]] | Problem]:
        for line, text in enumerate(chain.from_iterable(blocks), first):
            found = _members_of(text)
            if found:
                yield line, [found.get(name, "") for name in names]
            elif text.strip():
                yield Problem(line, "the line is not a JSON object.")

    return gathered(rows())


class _List(NamedTuple):
    """Objects at one place of a document; () is the document itself."""

    place: tuple[str, ...]
    objects: list[dict[str, Any]]
    names: list[str]
    table: Table

    @property
    def rank(self) -> tuple[int, bool, int]:
        """How much it looks like the tickets: of equal lists the outer one, if it is a list."""
        return self.table.known, len(self.objects) > 1, -len(self.place)


def _tickets(lists: _Lists, rules: Rules) -> _List:
    """The list that holds the tickets; without any name where there is none."""
    found = [
        _List(place, objects, *_table(map(_flat, objects), rules))
        for place, objects in lists.items()
    ]
    return max(found, key=lambda one: one.rank, default=_List((), [], *_table([], rules)))


def _lists(text: str, *, strict: bool = False) -> _Lists:
    """Every list of objects in the values of a text; those at one place are one list.

    strict: whether a damaged text is refused; else it is read as far as it goes.
    """
    lists: _Lists = {}
    try:
        for value in _values(text):
            _collect(value if isinstance(value, list) else [value], (), lists)
    except (ValueError, RecursionError) as error:
        if strict:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
            raise FileRefused(line, "the JSON is damaged here; export it again.") from None
    return lists


def _values(text: str) -> Iterator[Any]:
    """Each value of a text that holds one or, as pages put together, several."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
        else:
            value, at = decoder.raw_decode(text, at)
            yield value


def _collect(value: object, place: tuple[str, ...], lists: _Lists) -> None:
    """Put the lists of objects in a value into `lists`; those in an outer list's members too."""
    if isinstance(value, Mapping):
        if len(value) > 1 and all(isinstance(member, Mapping) for member in value.values()):
            lists.setdefault((*place, ""), []).extend(value.values())  # tickets by their ids
        for name, member in value.items():
            _collect(member, (*place, name), lists)
    elif isinstance(value, list):
        if objects := [one for one in value if isinstance(one, dict)]:
            lists.setdefault(place, []).extend(objects)
        if not place:
            for one in objects:
                _collect(one, ("",), lists)


def _table(objects: Iterable[Mapping[str, str]], rules: Rules) -> tuple[list[str], Table]:
    """The members of any of the first objects, and what they are."""
    first = list(islice(objects, SAMPLE_LINES))
    names = list(dict.fromkeys(name for one in first for name in one))
    return names, table_of_names(
        names, [[one.get(name, "") for name in names] for one in first], rules
    )


def _members_of(line: str) -> dict[str, str] | None:
    """A line's members as text; None where it is no object."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return _flat(value) if isinstance(value, dict) else None


def _flat(value: Mapping[str, Any], depth: int = _DEPTH) -> dict[str, str]:
    """An object's members as text, those of an object inside it by their own name.

    A list of words, or of objects that stand for one, is its words.
    """
    inner: dict[str, str] = {}
    flat: dict[str, str] = {}
    for name, member in value.items():
        one = _one_value(member)
        if one is not None:
            flat[name] = one
        elif isinstance(member, dict) and depth:
            inner = _flat(member, depth - 1) | inner
    return inner | flat


def _one_value(member: object) -> str | None:
    """What a member says where it stands for one value, or for a list of such; else None."""
    if isinstance(member, list):
        values = [_one_value(one) for one in member if not isinstance(one, list)]
        return ", ".join(filter(None, values)) if None not in values else None
    if isinstance(member, dict):
        if member.get("type") == "doc":
            return " ".join(_texts(member))
        member = next((member[key] for key in _NAMED if key in member), _NOTHING)
    plain = str | int | float | bool | None
    return cell_text(member) if isinstance(member, plain) else None


_NOTHING = object()


def _texts(node: object, depth: int = 50) -> Iterator[str]:
    """The texts of a document in Atlassian's format, where each piece stands in a `text`."""
    if isinstance(node, list):
        for one in node:
            yield from _texts(one, depth)
    elif isinstance(node, dict) and depth:
        if isinstance(text := node.get("text"), str):
            yield text
        yield from _texts(node.get("content"), depth - 1)
