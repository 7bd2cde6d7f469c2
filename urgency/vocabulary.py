"""The words of helpdesk exports: what a column's name and a label's value mean.

The words are those of `lexicon`, compared by `spelling.key`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from urgency.lexicon import ROLES, lexicon
from urgency.spelling import key, plain

__all__ = [
    "LABEL_MAX",
    "ROLES",
    "holds_tags",
    "is_null",
    "key",
    "level_tags",
    "names",
    "role_of",
    "side_of",
    "sides",
    "takes_yes_no",
    "unset_among",
]

LABEL_MAX = 80
"""Characters beyond which a value is a text and no label."""

_SIDES = {"critical": True, "urgent": True, "other": False}
_PARTS = re.compile(r"\s+[-–—]+\s+|(?<=\d)\s*[-–—]+\s*|[:()/|\[\]]+")
_TOKENS = re.compile(r"[^\W\d_](?:[^\W\d_]|[^\w\s\x00-\x7f])*\d*|\d+")
"""Words and numbers; a vowel of Thai or Hindi that is a mark belongs to its word."""

_AROUND_NOTHING = " -–—_.*#?<>()[]{}"
"""Signs that stand around a word for nothing, as in "-None-" and "<null>", or alone, as in "--"."""

_TAGS_END = re.compile(r"[,;|\n]+")
_ONE_OR_ZERO = re.compile(r"([01])(?:[.,]0)?")


def role_of(name: str) -> str | None:
    """The role of a column by its name, one of ROLES; None for a column nobody reads."""
    return lexicon().roles.get(key(name))


def names(role: str) -> tuple[str, ...]:
    """Every name of a role as written in the file, the preferred one first, none twice."""
    return lexicon().names[role]


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
    words = [unset for scale, unset in lexicon().unset if filled and filled <= scale]
    words += [no for yes, no in lexicon().denials if not filled.isdisjoint(yes)]
    return {value for value in values for unset in words if key(value) in unset}


def takes_yes_no(column: str) -> bool:
    """Whether yes and no are answers to a column's name, as in "Urgent?"."""
    asked = role_of(column) == "label_urgency" and side_of(column) is True
    return asked or key(column) in lexicon().yes_no_columns


def holds_tags(column: str) -> bool:
    """Whether a column of that name lists the tags of a ticket."""
    return key(column) in lexicon().tag_columns


def level_tags(tags: str) -> str:
    """Those tags of a list that say how urgent, as "P1" of "bug, P1"; "" where none does."""
    return ", ".join(tag.strip() for tag in _TAGS_END.split(tags) if _is_level(tag))


def _is_level(tag: str) -> bool:
    """Whether a tag says how urgent: a code, several words, or one that is kept for it.

    Alone, "standard" may be a plan, and short words of other languages anything.
    """
    word = key(tag)
    is_lone = word.isalpha() and len(_TOKENS.findall(tag)) == 1
    return word in lexicon().tag_levels if is_lone else _level(tag) is not None


def is_null(text: str) -> bool:
    """Whether a cell means "nothing here": blank, NULL, N/A, -None-, "No priority", a dash."""
    if len(text) > LABEL_MAX:
        return text.isspace()
    whole = plain(text)
    word = whole.strip(_AROUND_NOTHING)
    known = lexicon().null_words
    return not word or word in known or whole in known


def _level(label: str) -> str | None:
    """Where a label stands on the scale: critical, urgent, other, below_critical; None: nowhere.

    A label of parts, as "P1 - Critical" or "High (2)", is read by its words: a bare number says
    nothing, and a code such as P1 counts only if no word is understood.
    """
    if len(label) > LABEL_MAX:
        return None
    known = lexicon().levels
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
    known = lexicon()
    if (whole := key(part)) in known.levels:
        return ("", [whole]) if whole[-1].isdigit() else (whole, [])
    tokens = [key(token) for token in _TOKENS.findall(part)]
    codes = [token for token in tokens if token[-1].isdigit() and token in known.levels]
    words = [token for token in tokens if token not in codes and not token.isdigit()]
    return "".join(word for word in words if word not in known.noise), codes


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
    words = lexicon().yes_no
    return {value: words[key(value)] for value in filled if key(value) in words}
