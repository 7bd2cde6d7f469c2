"""When two spellings are one word: without case, accents, spaces, punctuation and letter width.

"Is urgent?" is "is_urgent", "Priorite" is "Priorité", a full-width or half-width letter is the
plain one; but が is not か: a mark that tells words of its script apart stays.
"""

from __future__ import annotations

import re
import unicodedata

_SAME_LETTER = str.maketrans(
    {"ı": "i", "ł": "l", "đ": "d", "ø": "o", "ё": "е"}
    | {"ی": "ي", "ى": "ي", "ک": "ك", "ة": "ه", "ـ": None}
)
"""Letters that people write for one another and Unicode does not take apart; for Arabic and Persian
as Lucene's ArabicNormalizer and PersianNormalizer."""

_ACCENTS = re.compile(
    "(?<![\u0400-\u052f])[\u0300-\u036f]"  # not of Cyrillic, where й is another letter than и
    "|[\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]"  # the vowel points of Hebrew and Arabic
    "|[\u20d0-\u20ff\ufe00-\ufe0f]"  # around signs: the keycap and the colour of an emoji
)
"""Marks that people leave out. All others tell words apart: が, ต่ำ, निम्न."""


def key(text: str) -> str:
    """What two spellings of one word share: its letters and digits, or its signs if it has none."""
    whole = plain(text)
    if whole.isascii():
        return "".join(filter(str.isalnum, whole)) or whole
    letters = _ACCENTS.sub("", unicodedata.normalize("NFKD", whole.translate(_SAME_LETTER)))
    return letters if letters.isalnum() else "".join(filter(_is_of_word, letters)) or whole


def _is_of_word(sign: str) -> bool:
    """Whether a sign is a letter, a digit, or a mark of one."""
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def plain(text: str) -> str:
    """NFKC, lower case, no invisible characters, no spaces around."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        if not text.isprintable():
            unseen = {sign for sign in set(text) if unicodedata.category(sign) == "Cf"}
            text = "".join(sign for sign in text if sign not in unseen)
    return text.casefold().strip()
