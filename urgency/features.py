"""Ticket -> words -> hashed features: the one definition, for fitting and for scoring.

A feature is a word or a pair of neighbours, marked by the field it stands in. The numbers are those
of scikit-learn's HashingVectorizer(n_features=FEATURES, alternate_sign=False): no vocabulary, so
memory is bounded and no customer's word is stored in a model.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import mmh3

FEATURES = 2**18
FIELD_MARKS = (("title", "t:"), ("description", "d:"))
_RUNS = re.compile(r"[^\W\d_]+|\d+")


class Word(NamedTuple):
    """A word in its field: `start` and `end` count characters; `term` is what it counts as."""

    field: str
    text: str
    start: int
    end: int
    term: str


def terms(text: str) -> list[str]:
    """Runs of letters in lower case, and "0" for any run of digits: "L4-SRUP_20" -> l 0 srup 0."""
    return ["0" if run.isdecimal() else run for run in _RUNS.findall(text.lower())]


def marked(found: list[str], mark: str) -> list[str]:
    """The features of one field's terms: each term, then each pair of neighbours."""
    pairs = [f"{mark}{left} {right}" for left, right in pairwise(found)]
    return [mark + term for term in found] + pairs


def bucket(feature: str) -> int:
    """The number of a feature: |murmur3_32 of its UTF-8 with seed 0| mod FEATURES."""
    return abs(mmh3.hash(feature)) % FEATURES


def located_words(text: str, field: str) -> Iterator[Word]:
    """The terms of one field with the places where they stand, as the field itself writes them."""
    lowered = text.lower()
    # A few letters, such as the Turkish capital dotted I, grow when they become small.
    origin = range(len(text)) if len(lowered) == len(text) else _origin(text)
    for run in _RUNS.finditer(lowered):
        start, end = origin[run.start()], origin[run.end() - 1] + 1
        term = "0" if run.group().isdecimal() else run.group()
        yield Word(field, text[start:end], start, end, term)


def _origin(text: str) -> list[int]:
    """For each character of text.lower(), which character of `text` it came from."""
    return [place for place, character in enumerate(text) for _ in character.lower()]
