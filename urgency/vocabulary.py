"""The words of helpdesk exports: what a column's name and a label's value mean.

The words stand in vocabulary.toml, with their sources. Names are compared without case, accents,
spaces, punctuation, letter width and invisible characters: "Is urgent?" is "is_urgent".
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

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

LABEL_MAX = 80
"""Characters beyond which a value is a text and no label."""

_NO_ENTRIES = {"order", "yes_no", "null_words", "codes", "tags"}
_SIDES = {"critical": True, "urgent": True, "other": False}
_PARTS = re.compile(r"\s+[-–—]+\s+|(?<=\d)\s*[-–—]+\s*|[:()/|\[\]]+")
_TOKENS = re.compile(r"[^\W\d_]+\d*|\d+")
_TAGS_END = re.compile(r"[,;|\n]+")
_ONE_OR_ZERO = re.compile(r"([01])(?:[.,]0)?")


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The file as look-up tables; every key is made by `key`."""

    names: dict[str, tuple[str, ...]]
    roles: dict[str, str]
    levels: dict[str, str]
    noise: frozenset[str]
    yes_no: dict[str, bool]
    yes_no_columns: frozenset[str]
    tag_columns: frozenset[str]
    null_words: frozenset[str]
    unset: tuple[tuple[frozenset[str], frozenset[str]], ...]
    """Of each entry that has them: its values, and what it writes where there is none."""


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
    """Values that a helpdesk writes where nobody set a priority, if all others are its own."""
    filled = {key(value) for value in values if not is_null(value)}
    words = [unset for scale, unset in _vocabulary().unset if filled and filled <= scale]
    return {value for value in values for unset in words if key(value) in unset}


def takes_yes_no(column: str) -> bool:
    """Whether yes and no are answers to a column's name, as in "Urgent?"."""
    return key(column) in _vocabulary().yes_no_columns


def holds_tags(column: str) -> bool:
    """Whether a column of that name lists the tags of a ticket."""
    return key(column) in _vocabulary().tag_columns


def level_tags(tags: str) -> str:
    """Those tags of a list that say how urgent, as "P1" of "bug, P1"; "" where none does."""
    listed = _TAGS_END.split(tags)
    if len(listed) == 1 and _level(tags) is None:
        listed = tags.split()
    return ", ".join(tag.strip() for tag in listed if _level(tag) is not None)


def is_null(text: str) -> bool:
    """Whether a cell means "nothing here": blank, NULL, N/A, nan, a dash and so on."""
    if len(text) > LABEL_MAX:
        return text.isspace()
    plain = _plain(text)
    return not plain or plain in _vocabulary().null_words


def key(text: str) -> str:
    """What two spellings of one word share: its letters and digits, or its signs if it has none."""
    plain = _plain(text)
    letters = plain if plain.isascii() else unicodedata.normalize("NFKD", plain)
    return "".join(filter(str.isalnum, letters)) or plain


def _plain(text: str) -> str:
    """NFKC, lower case, no invisible characters, no spaces around."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        unseen = {sign for sign in set(text) if unicodedata.category(sign) == "Cf"}
        text = "".join(sign for sign in text if sign not in unseen) if unseen else text
    return text.casefold().strip()


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
    parts = [_without_extras(part) for part in _PARTS.split(_plain(label))]
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
    bits = {value: _ONE_OR_ZERO.fullmatch(_plain(value)) for value in filled}
    digits = {value: match[1] == "1" for value, match in bits.items() if match}
    if len(digits) == len(filled) and set(digits.values()) == {True, False}:
        return digits
    words = _vocabulary().yes_no
    return {value: words[key(value)] for value in filled if key(value) in words}


@cache
def _vocabulary() -> _Vocabulary:
    """The file, read once a process."""
    file = Path(__file__).with_name("vocabulary.toml")
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    entries = [table for name, table in tables.items() if name not in _NO_ENTRIES]
    answers = {"yes": True, "no": False}
    ordered = {role: _ordered(role, entries, tables["order"]) for role in ROLES}
    return _Vocabulary(
        names=ordered,
        roles={key(name): role for role, listed in ordered.items() for name in listed},
        levels=_code_levels(tables["codes"]) | _label_levels(entries),
        noise=frozenset(map(key, tables["codes"]["noise"])),
        yes_no={
            key(word): side for answer, side in answers.items() for word in tables["yes_no"][answer]
        },
        yes_no_columns=frozenset(map(key, tables["yes_no"]["columns"])),
        tag_columns=frozenset(map(key, tables["tags"]["columns"])),
        null_words=frozenset(map(_plain, tables["null_words"]["words"])),
        unset=tuple(_unset(entries)),
    )


def _ordered(role: str, entries: list[dict[str, Any]], order: dict[str, Any]) -> tuple[str, ...]:
    """A role's names: the first ones, then entry by entry, then the last ones."""
    last = {key(name): name for name in order["last"][role]}
    between = [name for entry in entries for name in entry["columns"].get(role, ())]
    every = [*order["first"][role], *(name for name in between if key(name) not in last)]
    unique: dict[str, str] = {}
    for name in [*every, *last.values()]:
        unique.setdefault(key(name), name)
    return tuple(unique.values())


def _unset(entries: list[dict[str, Any]]) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    for labels in (entry.get("labels", {}) for entry in entries):
        if words := labels.get("unset"):
            scale = [value for side in ("urgent", "other") for value in labels[side]]
            yield frozenset(map(key, scale)), frozenset(map(key, words))


def _label_levels(entries: list[dict[str, Any]]) -> dict[str, str]:
    """Label -> level; "critical" wins over "urgent" where two entries differ."""
    levels: dict[str, str] = {}
    for level in ("below_critical", "other", "urgent", "critical"):
        for entry in entries:
            levels |= {key(label): level for label in entry.get("labels", {}).get(level, ())}
    return levels


def _code_levels(codes: dict[str, Any]) -> dict[str, str]:
    """Codes such as p1 and sev2 -> level."""
    return {
        f"{key(prefix)}{number}": level
        for prefix in codes["prefixes"]
        for level in ("urgent", "other")
        for number in codes[level]
    }
