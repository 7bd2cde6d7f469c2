"""Ticket -> words -> hashed features: the one definition, for fitting and for scoring.

A feature is a word, a pair of neighbours, both marked by the field that they stand in, or a stem (a
word's first letters, in any field). Words and stems are hashed with murmur3, and a pair is a sum of
its words' hashes, so that `urgency.batch` can make the same numbers for many tickets at once. No
vocabulary: memory is bounded and no customer's word is stored in a model.

Words are runs of letters with the combining marks on them, but where a script puts no spaces
between words: each Han character is a word (so pairs of neighbours are pairs of characters), and in
Hiragana, Katakana, Thai, Lao, Burmese and Khmer, whose characters are sounds, each overlapping pair
of characters: abcd is ab, bc, cd (so pairs of neighbours are three characters). Marks stay with
their character. Single sounds cost .02 to .03 PR-AUC against pairs.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import mmh3

BITS = 18
MASK = (1 << BITS) - 1
WORD, PAIR, STEM = 0, 1 << BITS, 2 << BITS
"""Where the numbers of each kind of feature begin."""

FEATURES = 3 << BITS
_HIGH = 32 - BITS  # these bits of a left hash are no number of its own
FIELD_MARKS = (("title", 0x2F0B4C47), ("description", 0))
"""What is added, without carry, to the hashes of a field's words."""

STEM_LETTERS = 5

# Blocks of scripts without spaces as sets of `re`; digits, marks and signs stand in them too.
_SOUNDS = (
    "\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"  # Hiragana, Katakana
)
_HAN = (
    "\u3005-\u3007\u3021-\u3029\u3038-\u303c\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003fffd"
)

_MARKED_BLOCKS = (
    *((0x300, 0x3100), (0xA000, 0xAC00), (0xFB00, 0xFE30), (0x10000, 0x12000), (0x13000, 0x14000)),
    *((0x16000, 0x17000), (0x1B000, 0x1F000), (0xE0100, 0xE01F0)),
)
"""Where combining marks are; a look at all of Unicode would cost 0.1 s at every start."""


def combining_marks() -> list[str]:
    """Unicode's categories Mn, Mc and Me, in order: `re` has no name for them."""
    blocks = (chr(code) for start, end in _MARKED_BLOCKS for code in range(start, end))
    return [sign for sign in blocks if unicodedata.category(sign)[0] == "M"]


def _mark_pattern() -> str:
    marks = combining_marks()
    low = "".join(sign for sign in marks if sign < "\U00010000")
    high = "".join(sign for sign in marks if sign >= "\U00010000")
    # `re` tries the high ones one by one, so they are asked last and of high characters only.
    return rf"(?:[{low}]|(?=[\U00010000-\U0010ffff])[{high}])"


SIMPLE = re.compile("[\x00-\u02ff\u0370-\u0482\u048a-\u0590\u1e00-\u20cf\u2100-\u23ff]*")
"""Scripts with spaces and without combining marks: there words are runs of letters."""

_HAS_SOUNDS = re.compile(f"[{_SOUNDS}]")
_ASCII_WORDS = re.compile(r"[a-z]+|[0-9]+")
_ASCII_WRITTEN = re.compile(r"[A-Za-z]+|[0-9]+")


class _Patterns(NamedTuple):
    """A word, and a sound with its marks."""

    word: re.Pattern[str]
    sound: re.Pattern[str]


@cache
def _beyond_ascii() -> _Patterns:
    """For all of Unicode: 20 ms for the marks alone, for which no start waits."""
    mark = _mark_pattern()
    spaced = rf"[^\W\d_{_SOUNDS}{_HAN}]"
    sound = rf"(?![\W\d_])[{_SOUNDS}]{mark}*"
    word = rf"{spaced}+(?:{mark}+{spaced}*)*+|(?:{sound})+|[^\W\d_]{mark}*|\d+"
    return _Patterns(re.compile(word), re.compile(sound))


class Kinds(NamedTuple):
    """What a pair and a stem count, where a word counts 1; a kind that counts 0 is left out."""

    pair: float = 1.0
    stem: float = 0.0


WORDS_AND_PAIRS = Kinds()


def features_with(kinds: Kinds) -> int:
    """The number above all features of these kinds."""
    return FEATURES if kinds.stem else STEM if kinds.pair else PAIR


class Word(NamedTuple):
    """A word in its field: `start` and `end` count characters; `term` is what it counts as."""

    field: str
    text: str
    start: int
    end: int
    term: str


def terms(text: str) -> list[str]:
    """Words in lower case, and "0" for any run of digits: "L4-SRUP_20 支払" -> l 0 srup 0 支 払."""
    return list(map(term_of, word_runs(text)))


def word_runs(text: str) -> list[str]:
    """Words in lower case, and digits as they are."""
    lowered = text.lower()
    if lowered.isascii():
        return _ASCII_WORDS.findall(lowered)
    if not _HAS_SOUNDS.search(lowered):
        return _beyond_ascii().word.findall(lowered)
    return [lowered[start:end] for start, end in _places(lowered)]


def term_of(run: str) -> str:
    """What a word in lower case counts as."""
    return "0" if run.isdecimal() else run


def _places(lowered: str) -> Iterator[tuple[int, int]]:
    """Start and end of each word; those of two sounds overlap."""
    if lowered.isascii():
        return map(re.Match.span, _ASCII_WORDS.finditer(lowered))
    runs = map(re.Match.span, _beyond_ascii().word.finditer(lowered))
    return _by_sounds(lowered, runs) if _HAS_SOUNDS.search(lowered) else runs


def _by_sounds(lowered: str, runs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for run in runs:
        sounds = [found.span() for found in _beyond_ascii().sound.finditer(lowered, *run)]
        if len(sounds) < 2:
            yield run
        for (start, _), (_, end) in pairwise(sounds):
            yield start, end


def word_hash(term: str) -> int:
    """murmur3_32 of its UTF-8 with seed 0, signed."""
    number: int = mmh3.hash(term)
    return number


def pair_number(left: Any, right: Any) -> Any:
    """A pair's number within its kind: high bits of the left hash, low bits of the right.

    Of two hashes with their field's mark, or of arrays of them.
    """
    return (left >> _HIGH ^ right) & MASK


def located_words(text: str, field: str) -> Iterator[Word]:
    """The terms of one field with the places where they stand, as the field itself writes them."""
    for run, (start, end) in zip(word_runs(text), word_spans(text), strict=True):
        yield Word(field, text[start:end], start, end, term_of(run))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each of `word_runs` starts and ends in `text`."""
    lowered = text.lower()
    spans = list(_places(lowered))
    if len(lowered) == len(text):
        return spans
    # A few letters, such as the Turkish capital dotted I, grow when they become small.
    origin = _origin(text)
    return [(origin[start], origin[end - 1] + 1) for start, end in spans]


def words_as_written(text: str) -> list[str]:
    """`word_runs`, in the letters of the text."""
    if text.isascii():
        written: list[str] = _ASCII_WRITTEN.findall(text)
        return written
    return [text[slice(*span)] for span in word_spans(text)]


def _origin(text: str) -> list[int]:
    """For each character of text.lower(), which character of `text` it came from."""
    return [place for place, character in enumerate(text) for _ in character.lower()]
