"""Bytes that are no Unicode -> the code page of one byte a character that they are written in.

A naive Bayes classifier. Each code page makes other letters of the same bytes; the right one makes
letters as they are frequent in one of its languages. Each different word counts once, so that a
label in every row says no more than one word does.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from itertools import islice
from math import exp, log

LETTERS = {
    "ar": (
        "ا148 ل124 ي73 م72 ت53 ر47 و43 ة42 ن42 ف34 ع31 د30 س26 ب25 ح22 ق20 ك19 ص15 أ14 ج13 "
        "ط12 ذ11 إ11 خ11 ه10 غ8 ش8 ى7 ض7 ز7 ث5 ئ3 ء3 ؤ2"
    ),
    "bg": (
        "а134 е104 н90 и79 о78 т68 р54 с43 в43 д37 п35 з34 к32 л32 м23 ъ17 я15 б13 у11 ч10 "
        "ж9 г8 й7 ф7 ц5 ш5 щ5 х4 ю2"
    ),
    "ca": "ó263 à189 é168 í95 è75 ç66 ò65 ú41 ï29 ü11",
    "cs": "í258 á190 ř103 č80 é78 ý76 ž70 ě62 š37 ů29 ú6 ó4 ň4 ť2",
    "da": "æ394 ø332 å237 é35",
    "de": "ü574 ä214 ö156 ß56",
    "el": (
        "α96 ο80 ε75 τ72 ν61 ι60 ρ48 σ48 μ43 η43 π38 κ33 υ31 ς28 ί26 λ26 δ24 γ23 έ20 ή20 "
        "ό18 ά17 χ15 ω12 θ11 φ9 ύ9 ώ5 β5 ξ3 ζ2"
    ),
    "en": "’350 –150 “100 ”100 …50 —40 é40 °30 •20 €20 £20 ®10 ™10 ©5 §10 ½5 ·5 µ5 º5 ª5 ï5 ö5 ü5",
    "es": "ó474 á227 í134 ú79 ñ43 é41",
    "et": "ä409 õ325 ü223 ö38 ž2 š2",
    "fi": "ä910 ö88",
    "fr": "é751 è71 à71 ê63 ô20 î13 ç5 â3 û2 ù2",
    "he": (
        "י124 ו96 ת86 ל71 ה69 מ68 ר50 נ48 ש47 א44 ב43 ק30 פ23 ע23 ם21 ד21 ח21 ס20 כ19 ג16 "
        "ן15 ט12 צ11 ז7 ץ6 ך6 ף2"
    ),
    "hr": "č326 š216 ć198 ž166 đ85 ô6",
    "hu": "á338 é252 í100 ó90 ö70 ő67 ü42 ú24 ű18",
    "is": "ð353 á185 í93 æ84 þ70 ó65 ö59 ú53 ý24 é14",
    "it": "è585 à188 ò99 ù87 é35 ì5",
    "lt": "š239 ė188 ų142 į115 ą105 ž87 č48 ū43 ę31",
    "lv": "ā331 ē227 ī177 š110 ņ42 ļ42 ū41 ķ16 ž9 ģ5",
    "nb": "å488 ø455 æ48 é8",
    "nl": "é388 ï309 ë248 ó42 ã6 ü3 ū3",
    "pl": "ł200 ż152 ą134 ę129 ś121 ć111 ó109 ń29 ź14",
    "pt": "ã315 ç198 á133 í122 é71 ó46 õ37 ú34 ê27 â7 à4 ô3",
    "ro": "ă489 ţ192 ş173 î114 â33",
    "ru": (
        "о95 е94 а82 и76 н74 т62 р52 с50 л44 в42 п34 к34 д32 м29 у23 я21 з21 ь20 ы19 й15 "
        "б14 ч11 г10 ж9 ф7 ц6 ю6 х5 ш5 щ4 э2"
    ),
    "sk": "á180 č115 í112 ý98 ú96 é92 ť92 ž83 ľ47 š45 ó10 ô8 ň8 ä6 ĺ4 ď3",
    "sl": "č587 š258 ž154",
    "sv": "ä462 ö316 å222",
    "th": (
        "า56 ่55 อ52 ม49 ร48 ก46 ้45 น38 เ37 ด34 ง34 ั27 ล26 ี24 ไ23 ต23 แ23 บ22 ย22 ข22 "
        "ว21 ส21 ิ21 ท18 จ17 ห17 พ16 ป15 ค14 ะ13 ื12 ู12 ใ11 ช11 ำ10 ์9 ถ9 ฟ8 ุ7 ็7 ผ5 ณ5 "
        "โ4 ซ3 ึ2 ญ2 ภ2"
    ),
    "tr": "ı458 ş143 ç134 ü117 ğ91 ö57",
    "uk": (
        "о87 н85 а85 и67 е58 в56 т54 р51 і49 с39 к39 п36 л36 д35 у33 м32 я26 з25 б13 ч12 "
        "й12 ь11 г10 ж7 ц7 є7 ф6 х6 ю6 ш5 ї3 щ3"
    ),
}
"""Language -> its letters beyond ASCII, each with its share of them in thousandths.

Counted in the translations of some 100 free programs (the msgstr of Debian 12's *.mo files), 500
to 17,500 messages a language. English has typographic signs instead, by estimate.
"""

_WESTERN = "en de fr es pt it nl sv da nb fi is ca"
_CENTRAL = "cs pl hu sk sl hr ro"
CODE_PAGES = {
    "cp1252": (_WESTERN, 0.0),
    "cp1250": (_CENTRAL, -4.0),
    "cp1251": ("ru uk bg", -4.0),
    "cp1253": ("el", -4.0),
    "cp1254": ("tr", -4.0),
    "cp1255": ("he", -4.0),
    "cp1256": ("ar", -4.0),
    "cp1257": ("lt lv et", -4.0),
    "cp874": ("th", -4.0),
    "mac_roman": (_WESTERN, -6.0),
    "cp850": (_WESTERN, -6.0),
    "cp852": (_CENTRAL, -6.0),
    "cp866": ("ru", -6.0),
    "koi8_r": ("ru", -6.0),
    "iso8859_2": (_CENTRAL, -6.0),
}
"""Codec -> the languages written in it, and its log odds before a text is seen.

Western Windows before the others of Windows, and these before Mac OS, MS-DOS and Unix: a word or
two that another code page makes likelier are no proof, since the usual one is mostly right.
"""

_NONE, _NONE_BYTE = -10.0, -5.5
"""Log odds of all other encodings, and log likelihood of a byte beyond ASCII in them.

Measured: Chinese, Japanese and Korean has -6 to -10 a byte in the best of these code pages, noise
-8 to -10, texts of these languages -1 to -4.
"""

_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,24}")
_LATIN_LETTERS = bytes(code for code in range(128) if chr(code).isalpha())
_AS_ONE = bytes.maketrans(_LATIN_LETTERS, b"a" * len(_LATIN_LETTERS))
_WORDS_MOST = 1_000
"""Different words that are looked at."""

_OTHER_LANGUAGE = 0.1
"""Share of a text's words that are of another language of the code page."""

_CAPITAL, _LATIN, _SIGN, _STRANGE, _NOTHING = 0.03, 1e-3, 1e-3, 1e-5, 1e-8
"""Probability of a capital to that of its letter, of a Latin letter inside a word of another
script, of a sign, of a letter of another language, and of what no text holds."""

_SIGNS = frozenset("\xa0€‚„…‰‹‘’“”•–—™›¡¢£§©ª«®°±²³´µ·º»¼½¾¿×№")


def likeliest(sample: bytes) -> str | None:
    """The codec of the likeliest code page; None where no one makes a likely text.

    Lone signs and letters tell nothing: without any word it is Western Windows.
    """
    different = dict.fromkeys(word for word in _WORD.findall(sample) if not word.isascii())
    words = Counter(word.translate(_AS_ONE) for word in islice(different, _WORDS_MOST))
    scores = {name: odds + _score(words, name) for name, (_, odds) in CODE_PAGES.items()}
    best = max(scores, key=scores.__getitem__)
    size = sum((len(word) - word.count(b"a")) * times for word, times in words.items())
    return best if scores[best] > _NONE + _NONE_BYTE * size else None


def _score(words: Counter[bytes], name: str) -> float:
    """Log likelihood of the words, which are mostly of that language that fits them best."""
    tables = [_byte_logs(name, language) for language in CODE_PAGES[name][0].split()]
    totals = [0.0] * len(tables)
    for word, times in words.items():
        each = [exp(sum([table[byte] for byte in word])) for table in tables]
        others = _OTHER_LANGUAGE * sum(each) / len(each)
        for place, own in enumerate(each):
            totals[place] += times * log((1 - _OTHER_LANGUAGE) * own + others)
    return max(totals)


@cache
def _byte_logs(name: str, language: str) -> list[float]:
    """For each byte the logarithm of its probability in a word of this language."""
    shares = {one[0]: int(one[1:]) / 1000 for one in LETTERS[language].split()}
    characters = [bytes([byte]).decode(name, "replace") for byte in range(256)]
    return [log(_probability(character, shares)) for character in characters]


def _probability(character: str, shares: dict[str, float]) -> float:
    if character.isascii():
        is_latin = any(unicodedata.name(letter).startswith("LATIN") for letter in shares)
        return 1.0 if is_latin else _LATIN
    if character in shares:
        return shares[character]
    if character.lower() in shares:
        return shares[character.lower()] * _CAPITAL
    if character in _SIGNS:
        return _SIGN
    return _STRANGE if character.isalpha() else _NOTHING
