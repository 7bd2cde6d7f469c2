"""Spellings of one word are one, and different words stay different, in every script."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest

from urgency.spelling import key

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

ONE_WORD = [
    ("Is urgent?", "is_urgent"),
    ("Priorité", "PRIORITE"),
    ("Tytuł", "tytul"),
    ("Høj", "hoj"),
    ("Mức độ", "muc do"),
    ("Straße", "STRASSE"),
    ("DÜŞÜK", "düşük"),
    ("ACİL", "acil"),
    ("açıklama", "AÇIKLAMA"),
    ("Θέμα", "ΘΕΜΑ"),
    ("Αριθμός", "ΑΡΙΘΜΟΣ"),
    ("серьёзность", "СЕРЬЕЗНОСТЬ"),
    ("עֲדִיפוּת", "עדיפות"),
    ("\u200fעדיפות\u200e", "עדיפות"),
    ("أولوية", "اولوية"),
    ("الأولوية", "الاولويه"),
    ("أَوْلَوِيَّة", "أولويــة"),
    ("اولویت", "اولويت"),
    ("پائین", "پایین"),
    ("هیچ\u200cکدام", "هیچ کدام"),
    ("ﾁｹｯﾄ番号", "チケット番号"),
    ("ﾊﾞｸﾞ", "バグ"),
    ("ＩＤ", "id"),
    ("№ заявки", "no заявки"),
    ("⚠️ High", "high"),
    ("1️⃣", "1"),
]

DIFFERENT_WORDS = [
    ("が", "か"),
    ("ぱす", "ばす"),
    ("バグ", "ハク"),
    ("ต่ำ", "ตา"),
    ("สูง", "สง"),
    ("निम्न", "नमन"),
    ("उच्च", "उचच"),
    ("мой", "мои"),
    ("її", "іі"),
    ("높음", "낮음"),
    ("高", "低"),
    ("🔴", "🟢"),
]


@pytest.mark.parametrize(("one", "other"), ONE_WORD)
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT_WORDS)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_how_unicode_composes_a_word_does_not_matter(form: Form) -> None:
    for word in [word for pair in [*ONE_WORD, *DIFFERENT_WORDS] for word in pair]:
        assert key(unicodedata.normalize(form, word)) == key(word), ascii(word)
