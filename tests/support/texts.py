"""Texts that are hard to handle: many scripts and digits, growing letters, combining marks."""

from __future__ import annotations

import random

_ASCII = "server down login FAILED order12345 L4-SRUP_20 isn't e-mail _ __ - --"
_SCRIPTS = (
    "café naïve Straße STRAẞE İSTANBUL ıstanbul ΣΊΣΥΦΟΣ 支払い 注文番号 сбой оплаты 오류 ٣٤٥ १२३ ²"
    " ½ Ⅷ ﬁle 😟"
)
_MARKS = "👩\u200d💻 zero\u200bwidth a\u0301 \u00a0 \ufeff … ' ” \t \n \r\n"
_PIECES = " ".join((_ASCII, _SCRIPTS, _MARKS)).split(" ")


def hostile_text(rng: random.Random, most: int = 30) -> str:
    """Up to `most` pieces, some of them characters from anywhere in Unicode but the surrogates."""
    count = rng.randrange(most)
    pieces = [_anything(rng) if rng.random() > 0.9 else rng.choice(_PIECES) for _ in range(count)]
    return rng.choice(["", " "]).join(pieces) if rng.random() < 0.1 else " ".join(pieces)


def _anything(rng: random.Random) -> str:
    codes = [rng.randrange(0x110000) for _ in range(4)]
    return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)
