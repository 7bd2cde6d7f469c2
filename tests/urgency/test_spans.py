"""Where a word stands first, found without a look at all words where that is possible."""

from __future__ import annotations

import random

import pytest

from urgency import spans as module
from urgency.features import word_runs, word_spans
from urgency.spans import Spans

LETTERS = "aabBé1٣ _-İΣ\u0301支の²"


def test_a_word_is_found_where_it_stands_first() -> None:
    rng, looked_up = random.Random(4), 0
    for _ in range(3_000):
        some = rng.sample(LETTERS, rng.randrange(1, len(LETTERS)))
        text = "".join(rng.choices(some, k=30))
        runs = word_runs(text)
        expected = dict(zip(reversed(runs), reversed(word_spans(text)), strict=True))
        found = Spans(text, runs)
        assert {run: found.first(runs.index(run)) for run in runs} == expected
        looked_up += bool(runs and not found._all)
    assert looked_up > 200


@pytest.mark.parametrize(
    "text",
    [
        "İ " + "word " * 50,
        "\U0001f525 " + "word other " * 50,
        "." * 300 + "a" * 200 + " a aa aaa",
        "ระบบล่ม " * 20,
    ],
)
def test_all_words_are_looked_at_once_at_most(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look costs the whole text, and there may be fifty reasons."""
    looks = []

    def counted(text: str) -> list[tuple[int, int]]:
        looks.append(text)
        return word_spans(text)

    monkeypatch.setattr(module, "word_spans", counted)
    runs = word_runs(text)
    found = Spans(text, runs)
    for run in dict.fromkeys(runs):
        begin, end = found.first(runs.index(run))
        assert text[begin:end].lower() == run
    assert looks == [text]
