"""Text -> words -> hashed n-grams: the one definition, for fitting and for scoring.

The same numbers as scikit-learn's HashingVectorizer(ngram_range=(1, 2), n_features=FEATURES, alternate_sign=False): no
vocabulary, so memory is bounded and no customer's word is stored in a model.
"""

from __future__ import annotations

import re
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
    return [
        Word(field, text[match.start() : match.end()], match.start(), match.end())
        for field, text in (("title", title), ("description", description))
        for match in _WORD.finditer(text.lower())
    ]


def hashed(terms: list[str]) -> list[int]:
    """Feature numbers of the terms themselves and then of each pair of neighbours."""
    hash_ = mmh3.hash
    pairs = [f"{left} {right}" for left, right in zip(terms, terms[1:], strict=False)]
    return [abs(hash_(term)) % FEATURES for term in terms] + [abs(hash_(pair)) % FEATURES for pair in pairs]
