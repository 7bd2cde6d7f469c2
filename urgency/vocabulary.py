"""The words of helpdesk exports: what a column's name and a label's value mean.

The words of helpdesks stand in vocabulary.toml and those of languages in languages.toml, with their
sources. They are compared by `spelling.key`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from urgency.spelling import key, plain

__all__ = ["is_null", "key", "names", "role_of", "side_of", "sides", "takes_yes_no", "unset_among"]

ROLES = (
    "ticket_id",
    "created_at",
    "updated_at",
    "title",
    "description",
    "source",
    "customer_tier",
    "label_urgency",
)
"""What a column can be to us; all other columns are left alone."""

FILES = ("vocabulary.toml", "languages.toml")

LABEL_MAX = 80
"""Characters beyond which a value is a text and no label."""

_NO_ENTRIES = {"order", "yes_no", "null_words", "codes"}
_SIDES = {"critical": True, "urgent": True, "other": False}
_PARTS = re.compile(r"\s+[-–—]+\s+|(?<=\d)\s*[-–—]+\s*|[:()/|\[\]]+")
_TOKENS = re.compile(r"[^\W\d_](?:[^\W\d_]|[^\w\s\x00-\x7f])*\d*|\d+")
"""Words and numbers; a vowel of Thai or Hindi that is a mark belongs to its word."""

_AROUND_NOTHING = " -–—_.*#?<>()[]{}"
"""Signs that stand around a word for nothing, as in "-None-" and "<null>", or alone, as in "--"."""

_ONE_OR_ZERO = re.compile(r"([01])(?:[.,]0)?")


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The files as look-up tables; every key is made by `key`."""

    names: dict[str, tuple[str, ...]]
    roles: dict[str, str]
    levels: dict[str, str]
    noise: frozenset[str]
    yes_no: dict[str, bool]
    yes_no_columns: frozenset[str]
    null_words: frozenset[str]
    unset: tuple[tuple[frozenset[str], frozenset[str]], ...]
    """Of each entry that has them: its values, and what it writes where there is none."""
    denials: tuple[tuple[frozenset[str], frozenset[str]], ...]
    """Of each language: its words for yes, and those for no that are words for nothing too."""


def role_of(name: str) -> str | None:
    """The role of a column by its name, one of ROLES; None for a column nobody reads."""
    return _vocabulary().roles.get(key(name))


def names(role: str) -> tuple[str, ...]:
    """Every name of a role as written in the file, the preferred one first, none twice."""
    return _vocabulary().names[role]


def side_of(label: str) -> bool | None:
    """Whether a label alone says urgent; None if it does not say.

    "Major", yes and no, 1 and 0 depend on their column: `sides` knows more. Bare numbers never say.
    """
    return _SIDES.get(_level(label) or "")


def sides(values: Collection[str], column: str) -> dict[str, bool | None]:
    """Each value of a label column -> urgent, not urgent, or None: blank or not understood.

    "Major" is urgent unless the column has a value above it. Yes and no count where the column's
    name asks for them, 1 and 0 only if both are there and nothing else is.
    """
    levels = {value: None if is_null(value) else _level(value) for value in values}
    found = {value: _SIDES.get(level or "") for value, level in levels.items()}
    top = "critical" in levels.values()
    found |= {value: not top for value, level in levels.items() if level == "below_critical"}
    if takes_yes_no(column):
        found |= _yes_no(values)
    return found | dict.fromkeys(unset_among(values), False)


def unset_among(values: Collection[str]) -> set[str]:
    """Null words that mean "not urgent" beside the others: Zendesk's "-", "нет" beside "да"."""
    filled = {key(value) for value in values if not is_null(value)}
    words = [unset for scale, unset in _vocabulary().unset if filled and filled <= scale]
    words += [no for yes, no in _vocabulary().denials if not filled.isdisjoint(yes)]
    return {value for value in values for unset in words if key(value) in unset}


def takes_yes_no(column: str) -> bool:
    """Whether yes and no are answers to a column's name, as in "Urgent?"."""
    asked = role_of(column) == "label_urgency" and side_of(column) is True
    return asked or key(column) in _vocabulary().yes_no_columns


def is_null(text: str) -> bool:
    """Whether a cell means "nothing here": blank, NULL, N/A, -None-, "No priority", a dash."""
    if len(text) > LABEL_MAX:
        return text.isspace()
    whole = plain(text)
    word = whole.strip(_AROUND_NOTHING)
    known = _vocabulary().null_words
    return not word or word in known or whole in known


def _level(label: str) -> str | None:
    """Where a label stands on the scale: critical, urgent, other, below_critical; None: nowhere.

    A label of parts, as "P1 - Critical" or "High (2)", is read by its words: a bare number says
    nothing, and a code such as P1 counts only if no word is understood.
    """
    if len(label) > LABEL_MAX:
        return None
    known = _vocabulary().levels
    if whole := known.get(key(label)):
        return whole
    parts = [_without_extras(part) for part in _PARTS.split(plain(label))]
    words = [word for word, _ in parts if word]
    if words and words[0] in known:
        return _agreed(known[word] for word in words if word in known)
    if any(word in known for word in words):
        return None
    return _agreed(known[code] for _, codes in parts for code in codes)


def _without_extras(part: str) -> tuple[str, list[str]]:
    """A part of a label -> its word without numbers, codes and "priority", and its codes."""
    vocabulary = _vocabulary()
    if (whole := key(part)) in vocabulary.levels:
        return ("", [whole]) if whole[-1].isdigit() else (whole, [])
    tokens = [key(token) for token in _TOKENS.findall(part)]
    codes = [token for token in tokens if token[-1].isdigit() and token in vocabulary.levels]
    words = [token for token in tokens if token not in codes and not token.isdigit()]
    return "".join(word for word in words if word not in vocabulary.noise), codes


def _agreed(levels: Iterable[str]) -> str | None:
    """The one level that the parts of a label name; critical and urgent agree."""
    found = set(levels)
    if found == {"critical", "urgent"}:
        return "critical"
    return found.pop() if len(found) == 1 else None


def _yes_no(values: Collection[str]) -> dict[str, bool]:
    """The values that mean yes or no; 1 and 0 if they are the column's only two."""
    filled = [value for value in values if not is_null(value)]
    bits = {value: _ONE_OR_ZERO.fullmatch(plain(value)) for value in filled}
    digits = {value: match[1] == "1" for value, match in bits.items() if match}
    if len(digits) == len(filled) and set(digits.values()) == {True, False}:
        return digits
    words = _vocabulary().yes_no
    return {value: words[key(value)] for value in filled if key(value) in words}


@cache
def _vocabulary() -> _Vocabulary:
    """The files, read once a process."""
    tables = {name: table for file in FILES for name, table in _tables(file)}
    entries = [table for name, table in tables.items() if name not in _NO_ENTRIES]
    ordered = {role: _ordered(role, entries, tables["order"]) for role in ROLES}
    levels = _code_levels(tables["codes"]) | _label_levels(entries)
    answers, listed = {"yes": True, "no": False}, tables["yes_no"]
    nothing = [*tables["null_words"]["words"], *_words(entries, "nothing")]
    return _Vocabulary(
        names={role: tuple(found.values()) for role, found in ordered.items()},
        roles={name: role for role, found in ordered.items() for name in found},
        levels=levels,
        noise=_noise(tables, ordered["label_urgency"]) - levels.keys(),
        yes_no={
            key(word): side
            for answer, side in answers.items()
            for word in (*listed[answer], *_words(entries, answer))
        },
        yes_no_columns=frozenset(map(key, listed["columns"])),
        null_words=frozenset(map(plain, nothing)),
        unset=tuple(_unset(entries)),
        denials=tuple(_denials(entries)),
    )


def _tables(file: str) -> Iterable[tuple[str, Any]]:
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    return tomllib.loads(text).items()


def _words(entries: list[dict[str, Any]], kind: str) -> Iterator[str]:
    """The labels of one kind of all entries."""
    return (word for entry in entries for word in entry.get("labels", {}).get(kind, ()))


def _noise(tables: dict[str, Any], label_names: Iterable[str]) -> frozenset[str]:
    """Words that add nothing beside a level: those listed, and the names of priority themselves."""
    least = set(map(key, tables["order"]["last"]["label_urgency"]))
    return frozenset({*map(key, tables["codes"]["noise"]), *label_names} - least)


def _ordered(role: str, entries: list[dict[str, Any]], order: dict[str, Any]) -> dict[str, str]:
    """A role's names by their keys: the first ones, then entry by entry, then the last ones."""
    last = {key(name): name for name in order["last"][role]}
    between = (name for entry in entries for name in entry["columns"].get(role, ()))
    unique: dict[str, str] = {}
    for name in (*order["first"][role], *between):
        if (spelt := key(name)) not in last:
            unique.setdefault(spelt, name)
    return unique | last


def _unset(entries: list[dict[str, Any]]) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    for labels in (entry.get("labels", {}) for entry in entries):
        if words := labels.get("unset"):
            scale = [value for side in ("urgent", "other") for value in labels[side]]
            yield frozenset(map(key, scale)), frozenset(map(key, words))


def _denials(entries: list[dict[str, Any]]) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    for labels in (entry.get("labels", {}) for entry in entries):
        if null := set(map(key, labels.get("no", ()))) & set(map(key, labels.get("nothing", ()))):
            yield frozenset(map(key, labels["yes"])), frozenset(null)


def _label_levels(entries: list[dict[str, Any]]) -> dict[str, str]:
    """Label -> level; "critical" wins over "urgent" where two entries differ."""
    levels: dict[str, str] = {}
    for level in ("below_critical", "other", "urgent", "critical"):
        levels |= {key(label): level for label in _words(entries, level)}
    return levels


def _code_levels(codes: dict[str, Any]) -> dict[str, str]:
    """Codes such as p1 and sev2 -> level."""
    return {
        f"{key(prefix)}{number}": level
        for prefix in codes["prefixes"]
        for level in ("urgent", "other")
        for number in codes[level]
    }
