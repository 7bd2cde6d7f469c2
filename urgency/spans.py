"""Where the words of a text stand, for the few that are asked for: all cost more than a score."""

from __future__ import annotations

import re
from collections.abc import Sequence

from urgency.features import SIMPLE, word_spans

Span = tuple[int, int]

_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")

_LOOKS_MOST = 20
"""At places where a word's letters stand but not the word; then all words are looked at once."""


class Spans:
    """Of one text; `runs` are its `word_runs`."""

    def __init__(self, text: str, runs: Sequence[str]) -> None:
        self._text, self._runs = text, runs
        lowered = text.lower()
        is_simple = text.isascii() or (len(lowered) == len(text) and SIMPLE.fullmatch(lowered))
        self._lowered = lowered if is_simple else ""
        self._all: list[Span] = []

    def first(self, at: int) -> Span:
        """Where `runs[at]` starts and ends, which is no other word before."""
        if self._lowered and (span := self._looked_up(at)):
            return span
        self._all = self._all or word_spans(self._text)
        return self._all[at]

    def _looked_up(self, at: int) -> Span | None:
        """The first place from where it can stand at the earliest; None if it takes too long."""
        run, lowered = self._runs[at], self._lowered
        goes_on = (_DIGIT if run.isdecimal() else _LETTER).match
        start, size = len("".join(self._runs[:at])) - 1, len(run)
        for _ in range(_LOOKS_MOST):
            start = lowered.find(run, start + 1)
            if not (start and goes_on(lowered, start - 1)) and not goes_on(lowered, start + size):
                return start, start + size
        self._lowered = ""
        return None
