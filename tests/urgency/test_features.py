"""Words, the numbers of features, and where each word stands."""

from __future__ import annotations

import random
import re
import sys
import unicodedata

import mmh3
import pytest

from tests.support.features_one_by_one import (
    marked_hashes,
    pair_features,
    ticket_features,
    word_features,
)
from tests.support.texts import hostile_text
from urgency.features import (
    BITS,
    FEATURES,
    FIELD_MARKS,
    MASK,
    PAIR,
    STEM,
    WORD,
    Kinds,
    combining_marks,
    located_words,
    terms,
)


def test_words_are_runs_of_letters_and_digits_are_masked() -> None:
    found = terms("L4-SRUP_20 isn't UP: Störung ٣٤")
    assert found == ["l", "0", "srup", "0", "isn", "t", "up", "störung", "0"]


def test_ascii_texts_have_the_words_that_they_always_had() -> None:
    runs = re.compile(r"[^\W\d_]+|\d+")
    rng = random.Random(3)
    for _ in range(2_000):
        text = "".join(chr(rng.randrange(128)) for _ in range(60))
        assert terms(text) == [
            "0" if run.isdecimal() else run for run in runs.findall(text.lower())
        ]
        # The pattern for all scripts finds them too, which the letter in front makes it do.
        assert terms(f"é {text}") == ["é", *terms(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("सर्वर डाउन है", ["सर्वर", "डाउन", "है"]),
        ("சேவையகம் இயங்கவில்லை", ["சேவையகம்", "இயங்கவில்லை"]),
        ("q\u0323ue\u0301 x\u0308", ["q\u0323ue\u0301", "x\u0308"]),
        ("\u0301 ab \u0301\u0301cd 1\u20e3", ["ab", "cd", "0"]),
        ("🄰\U00011046 \U00011013\U00011046\U00011013", ["\U00011013\U00011046\U00011013"]),
    ],
)
def test_combining_marks_stay_inside_words(text: str, words: list[str]) -> None:
    assert terms(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("VPN接続 失敗", ["vpn", "接", "続", "失", "敗"]),
        ("サーバー2台がダウン", ["サー", "ーバ", "バー", "0", "台", "がダ", "ダウ", "ウン"]),
        ("支払い・払いの、の", ["支", "払", "い", "払", "いの", "の"]),
        ("𠮷々〇ｶﾞ", ["𠮷", "々", "〇", "ｶﾞ"]),  # outside the BMP, repetition, zero, half width
        ("ร์ล่ม๑๒", ["ร์ล่", "ล่ม", "0"]),
        ("ເຄື່ອງ", ["ເຄື່", "ຄື່ອ", "ອງ"]),
        ("ម៉ាស", ["ម៉ាស"]),
        ("ဆာဗာ", ["ဆာဗာ"]),
        ("葛\U000e0100城", ["葛\U000e0100", "城"]),
        ("서버 다운", ["서버", "다운"]),
    ],
)
def test_scripts_without_spaces_are_characters_or_pairs_of_sounds(
    text: str, words: list[str]
) -> None:
    assert terms(text) == words


def test_every_combining_mark_of_unicode_is_known() -> None:
    everything = map(chr, range(sys.maxunicode + 1))
    assert combining_marks() == [c for c in everything if unicodedata.category(c)[0] == "M"]


def test_features_are_marked_words_pairs_and_stems_as_the_kinds_say() -> None:
    words, (title, description) = ["servers", "down"], (mark for _, mark in FIELD_MARKS)
    marked = marked_hashes(words, title)
    own, pair = set(word_features(marked)), set(pair_features(marked))
    stems = {STEM | mmh3.hash(stem) & MASK for stem in ("serve", "down")}
    fields = [(words, title), ([], description)]
    assert ticket_features(fields, Kinds(pair=0.0)) == own
    assert ticket_features(fields, Kinds(pair=0.5)) == own | pair
    assert ticket_features(fields, Kinds(stem=1.0)) == own | pair | stems
    assert max(own) < PAIR <= min(pair) < STEM <= min(stems) <= max(stems) < FEATURES
    assert ticket_features([([], title)], Kinds()) == set()


def test_the_field_and_the_order_of_words_make_other_features() -> None:
    title, description = ((["server", "down"], mark) for _, mark in FIELD_MARKS)
    turned = (["down", "server"], title[1])
    found = [ticket_features([one], Kinds()) for one in (title, description, turned)]
    assert not found[0] & found[1]
    assert len(found[0] & found[2]) == 2


def test_numbers_are_spread_over_their_kind() -> None:
    marks = [mark for _, mark in FIELD_MARKS]
    fields = [([f"w{chr(97 + n % 26)}{n:x}" for n in range(20_000)], mark) for mark in marks]
    numbers = ticket_features(fields, Kinds())
    for begin in (WORD, PAIR):
        expected = 2**BITS * (1 - (1 - 2**-BITS) ** 40_000)  # of balls in boxes
        spread = sum(begin <= number < begin + 2**BITS for number in numbers)
        assert spread == pytest.approx(expected, rel=0.01)


def test_every_word_stands_where_it_says() -> None:
    rng = random.Random(2)
    for _ in range(500):
        text = hostile_text(rng)
        located = list(located_words(text, "title"))
        assert [word.term for word in located] == terms(text)
        for word in located:
            assert text[word.start : word.end] == word.text
            assert word.term == "0" or word.text.lower().startswith(word.term[:1])


@pytest.mark.parametrize(
    ("text", "words"),
    [("İSTANBUL ofisi", ["İSTANBUL", "ofisi"]), ("STRAẞE 4", ["STRAẞE", "4"])],
)
def test_letters_that_grow_in_lower_case_do_not_shift_the_places(
    text: str, words: list[str]
) -> None:
    assert [word.text for word in located_words(text, "title")] == words
