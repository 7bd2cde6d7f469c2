"""Tickets changed on purpose: another split, labels without sense, a script without spaces."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import cache

import numpy as np

from jobs.tickets.columns import Category
from jobs.tickets.dataset import Dataset
from jobs.tickets.split import SIDES, side_numbers
from jobs.tickets.texts import Text, TicketWords
from urgency.batch import words_of

SPLITS = 5

ALPHABETS = {
    "Chinese": "".join(chr(0x4E00 + 7 * number) for number in range(600)),
    "Japanese": "".join(map(chr, [*range(0x3042, 0x3094), *range(0x30A2, 0x30F4)])),
    "Thai": "".join(map(chr, range(0x0E01, 0x0E2F))),
}


def another_split(data: Dataset, number: int) -> Dataset:
    """Split `number` modulo SPLITS: each ticket is on the test side of one; 0 is ours."""
    columns = data.columns
    moved = columns.split_key + np.uint64(number % SPLITS * (2**64 // SPLITS))
    return replace(data, columns=replace(columns, side=Category(side_numbers(moved), SIDES)))


def shuffled_labels(data: Dataset, seed: int) -> Dataset:
    """The same labels on other tickets."""
    urgent = np.random.default_rng(seed).permutation(data.columns.urgent)
    return replace(data, columns=replace(data.columns, urgent=urgent))


def without_spaces(data: Dataset, script: str) -> Dataset:
    """Each word as two to four characters of a script, the same ones in every ticket."""
    texts = {
        row: Text(*(_written(field, script) for field in text)) for row, text in data.texts.items()
    }
    words = words_of(texts.values(), stems=True)
    return replace(data, texts=texts, read_words=lambda: TicketWords.all_of(words))


def _written(text: str, script: str) -> str:
    return "".join(_word_in(script, word) for word in re.findall(r"\w+", text.lower()))


@cache
def _word_in(script: str, word: str) -> str:
    rng = random.Random(word)
    return "".join(rng.choices(ALPHABETS[script], k=rng.choice([2, 2, 3, 4])))
