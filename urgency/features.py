"""Text -> words -> hashed n-grams: the one definition, for fitting and for scoring.

The same numbers as scikit-learn's HashingVectorizer(ngram_range=(1, 2), n_features=FEATURES, alternate_sign=False): no
vocabulary, so memory is bounded and no customer's word is stored in a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import mmh3

FEATURES = 2**18
_WORD = re.compile(r"\b\w\w+\b")


class Word(NamedTuple):
    """A word as it stands in its field: `start` and `end` count characters."""

    field: str
    text: str
    start: int
    end: int


def words(title: str, description: str) -> list[str]:
    """The words of both fields in order, lower case, two characters or longer."""
    return _WORD.findall(f"{title}\n{description}".lower())


def located_words(title: str, description: str) -> list[Word]:
    """The same words with the places where they stand."""
    return [word for field, text in (("title", title), ("description", description)) for word in _located(field, text)]


def hashed(terms: list[str]) -> list[int]:
    """Feature numbers of the terms themselves and then of each pair of neighbours."""
    hash_ = mmh3.hash
    pairs = [f"{left} {right}" for left, right in pairwise(terms)]
    return [abs(hash_(term)) % FEATURES for term in terms] + [abs(hash_(pair)) % FEATURES for pair in pairs]


def _located(field: str, text: str) -> Iterator[Word]:
    lowered = text.lower()
    # A few letters, such as the Turkish capital dotted I, grow when they become small.
    origin = range(len(text) + 1) if len(lowered) == len(text) else _origin(text)
    for match in _WORD.finditer(lowered):
        start, end = origin[match.start()], origin[match.end() - 1] + 1
        yield Word(field, text[start:end], start, end)


def _origin(text: str) -> list[int]:
    """For each character of text.lower(), which character of `text` it came from."""
    return [place for place, character in enumerate(text) for _ in character.lower()]
