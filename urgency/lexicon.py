"""The words of helpdesks and languages as look-up tables.

Those of helpdesks stand in vocabulary.toml and those of languages in languages.toml, with their
sources.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from urgency.spelling import key, plain

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

_NO_ENTRIES = {"order", "yes_no", "null_words", "codes", "tags"}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Every key is made by `key`."""

    names: dict[str, tuple[str, ...]]
    roles: dict[str, str]
    levels: dict[str, str]
    noise: frozenset[str]
    yes_no: dict[str, bool]
    yes_no_columns: frozenset[str]
    tag_columns: frozenset[str]
    tag_levels: frozenset[str]
    null_words: frozenset[str]
    unset: tuple[tuple[frozenset[str], frozenset[str]], ...]
    """Of each entry that has them: its values, and what it writes where there is none."""
    denials: tuple[tuple[frozenset[str], frozenset[str]], ...]
    """Of each language: its words for yes, and those for no that are words for nothing too."""


@cache
def lexicon() -> Lexicon:
    """The files, read once a process."""
    tables = {name: table for file in FILES for name, table in _tables(file)}
    entries = [table for name, table in tables.items() if name not in _NO_ENTRIES]
    ordered = {role: _ordered(role, entries, tables["order"]) for role in ROLES}
    levels = _code_levels(tables["codes"]) | _label_levels(entries)
    answers, listed = {"yes": True, "no": False}, tables["yes_no"]
    nothing = [*tables["null_words"]["words"], *_labels(entries, "nothing")]
    return Lexicon(
        names={role: tuple(found.values()) for role, found in ordered.items()},
        roles={name: role for role, found in ordered.items() for name in found},
        levels=levels,
        noise=_noise(tables, ordered["label_urgency"]) - levels.keys(),
        yes_no={
            key(word): side
            for answer, side in answers.items()
            for word in (*listed[answer], *_labels(entries, answer))
        },
        yes_no_columns=frozenset(map(key, listed["columns"])),
        tag_columns=frozenset(map(key, tables["tags"]["columns"])),
        tag_levels=frozenset(map(key, tables["tags"]["levels"])),
        null_words=frozenset(map(plain, nothing)),
        unset=tuple(_unset(entries)),
        denials=tuple(_denials(entries)),
    )


def _tables(file: str) -> Iterable[tuple[str, Any]]:
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    return tomllib.loads(text).items()


def _labels(entries: list[dict[str, Any]], kind: str) -> Iterator[str]:
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
        levels |= {key(label): level for label in _labels(entries, level)}
    return levels


def _code_levels(codes: dict[str, Any]) -> dict[str, str]:
    """Codes such as p1 and sev2 -> level."""
    return {
        f"{key(prefix)}{number}": level
        for prefix in codes["prefixes"]
        for level in ("urgent", "other")
        for number in codes[level]
    }
