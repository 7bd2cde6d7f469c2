"""A CSV's header -> which column is where, or in plain words what is missing."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from urgency.errors import SettingsError

COLUMNS: dict[str, tuple[str, ...]] = {
    "ticket_id": ("id",),
    "created_at": ("created", "date"),
    "title": ("subject", "summary"),
    "description": ("body", "text", "details", "message"),
    "source": ("channel",),
    "customer_tier": ("tier", "plan", "segment"),
    "label_urgency": ("urgency", "priority", "label"),
}
"""Each column and the other headers it is known by, the preferred one first."""

Aliases = Mapping[str, str]
"""Further headers and the columns that they stand for; they come before the built-in ones."""

NO_ALIASES: Aliases = {}

_SHOWN_CHARACTERS, _SHOWN_NAMES = 40, 20
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column stands (those that are there), what the label is called, and the headers
    nobody reads.
    """

    places: dict[str, int]
    label_name: str
    ignored: tuple[str, ...]


class BadHeader(ValueError):
    """The header does not serve; the message says what it has and what it lacks."""


def read_header(fields: Sequence[str], aliases: Aliases = NO_ALIASES, *, most: int = 64) -> Header:
    """The columns of a header, whose case, spaces, punctuation and letter width do not matter.

    A column's own name comes before its aliases. Unknown columns are ignored, however often a name
    repeats. Raises BadHeader for over `most` columns, a repeated or a missing one; SettingsError
    for an alias of an unknown column.
    """
    if len(fields) > most:
        raise BadHeader(f"the header has {len(fields):,} columns; at most {most} are read.")
    found = _found(fields, aliases)
    for column, same in found.items():
        if len(same) > 1:
            raise BadHeader(
                f"{len(same)} columns would be read as {column}:"
                f" {_listed(fields[at] for at in same)}."
            )
    places = {column: same[0] for column, same in found.items()}
    if "label_urgency" not in places or not {"title", "description"} & set(places):
        raise BadHeader(_wrong_separator(fields) or _what_is_missing(fields, places))
    ignored = tuple(
        _shown(name) for at, name in enumerate(fields) if at not in places.values() and name.strip()
    )
    return Header(places, _shown(fields[places["label_urgency"]]), ignored)


def _found(fields: Sequence[str], aliases: Aliases) -> dict[str, list[int]]:
    """Column -> where its most preferred name stands."""
    places: dict[str, list[int]] = {}
    for at, name in enumerate(fields):
        places.setdefault(_normal(name), []).append(at)
    wanted = {
        column: [column, *own, *names]
        for (column, names), own in zip(COLUMNS.items(), _own(aliases), strict=True)
    }
    matches = {
        column: next((places[name] for name in names if name in places), [])
        for column, names in wanted.items()
    }
    return {column: at for column, at in matches.items() if at}


def _own(aliases: Aliases) -> list[list[str]]:
    own: dict[str, list[str]] = {column: [] for column in COLUMNS}
    for header, column in aliases.items():
        if column not in own:
            raise SettingsError(
                f"{header!r} cannot stand for {column!r}; the columns are {', '.join(COLUMNS)}."
            )
        own[column].append(_normal(header))
    return list(own.values())


def _normal(name: str) -> str:
    return re.sub(r"[\W_]+", "_", unicodedata.normalize("NFKC", name).casefold()).strip("_")


def _wrong_separator(fields: Sequence[str]) -> str | None:
    line = ",".join(fields)
    separator = max(_SEPARATORS, key=line.count)
    if line.count(separator) < len(fields):
        return None
    return (
        f"the columns are separated by {_SEPARATORS[separator]}; save the file with commas between"
        " the columns."
    )


def _what_is_missing(fields: Sequence[str], places: dict[str, int]) -> str:
    missing = [] if "label_urgency" in places else ["label_urgency (urgent or non-urgent)"]
    if not {"title", "description"} & set(places):
        missing.append("title or description")
    read = [
        f"{_shown(fields[at])} would be read as {column}"
        for column, at in sorted(places.items(), key=lambda i: i[1])
    ]
    return (
        f"the header has no column {' and no column '.join(missing)}. It has: {_listed(fields)}."
        + f" {'; '.join(read)}." * bool(read)
        + " Add what is missing and drop the file again."
    )


def _listed(names: Iterable[str]) -> str:
    shown = [_shown(name) for name in names]
    more = len(shown) - _SHOWN_NAMES
    return ", ".join(shown[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _shown(name: str) -> str:
    """A header as it may be repeated to its owner: on one line, printable, cut."""
    text = "".join(character if character.isprintable() else " " for character in name)
    return " ".join(text.split())[:_SHOWN_CHARACTERS] or "(no name)"
