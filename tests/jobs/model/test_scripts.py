"""Scripts without spaces: the same tickets are as easy to tell apart in them as in English."""

from __future__ import annotations

import random
import re

import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from jobs.model.fit import fit
from tests.support.job.frames import corpus, frame

ALPHABETS = {
    "Chinese": "".join(chr(0x4E00 + 7 * number) for number in range(600)),
    "Japanese": "".join(map(chr, [*range(0x3042, 0x3094), *range(0x30A2, 0x30F4)])),
    "Thai": "".join(map(chr, range(0x0E01, 0x0E2F))),
    "Khmer": "".join(map(chr, range(0x1780, 0x17A3))),
}
CLOSE = 0.03


@pytest.mark.parametrize("script", ALPHABETS)
def test_the_copy_without_spaces_is_as_good_as_the_english_tickets(script: str) -> None:
    english = frame(600, seed=4, signal=0.97)
    copy = english.copy()
    words: dict[str, str] = {}
    for field in ("title", "description"):
        copy[field] = [without_spaces(text, words, ALPHABETS[script]) for text in english[field]]
    assert pr_auc(english) > 0.9
    assert pr_auc(copy) > pr_auc(english) - CLOSE


def without_spaces(text: str, words: dict[str, str], alphabet: str) -> str:
    """Each English word as two to four characters that stand for it in every ticket."""
    for word in re.findall(r"\w+", text):
        rng = random.Random(word)
        words.setdefault(word, "".join(rng.choices(alphabet, k=rng.choice([2, 2, 3, 4]))))
    return "".join(words[word] for word in re.findall(r"\w+", text))


def pr_auc(rows: pd.DataFrame) -> float:
    """Out of fold."""
    return float(average_precision_score(rows["urgent"], fit(corpus(rows)).out_of_fold))
