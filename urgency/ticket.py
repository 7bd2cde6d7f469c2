"""Ticket: its fields, limits and normal forms, the same for training and for serving."""

import re
import unicodedata
from dataclasses import dataclass

from urgency.errors import BadTicket
from urgency.html_text import html_to_text

TEXT_MAX = 65_536
"""Characters of a title or a description."""

CATEGORY_MAX = 200
"""Characters of a source or a customer tier."""

INVISIBLE = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
"""Unicode's category Cf as a set of `re`: joiners, marks of direction, soft hyphens and others."""

_ASCII = bytes(range(128))
_CONTROL = bytes(code for code in (*range(32), 127) if chr(code) not in "\t\n\r")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_DIGITS, _SPACE = re.compile(r"\d+"), re.compile(r"\s")
_TO_ZERO, _ZEROS = bytes.maketrans(b"123456789", b"0" * 9), re.compile(b"00+")

NO_TEXT = "title and description are both empty; a ticket needs one of them."


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket in normal form, made by `normal_ticket`; title or description has text."""

    title: str
    description: str
    source: str
    customer_tier: str


def normal_ticket(
    title: str, description: str, source: str = "", customer_tier: str = ""
) -> Ticket:
    """The ticket in normal form: `normal_text`, categories lower case and stripped.

    Raises BadTicket, naming the field and never its content; limits hold for what was sent.
    """
    title = _normal(title, "title", TEXT_MAX)
    description = _normal(description, "description", TEXT_MAX)
    if not title.strip() and not description.strip():
        raise BadTicket(NO_TEXT)
    source = _normal(source, "source", CATEGORY_MAX)
    customer_tier = _normal(customer_tier, "customer_tier", CATEGORY_MAX)
    return Ticket(title, description, _folded(source), _folded(customer_tier))


def normal_category(text: str) -> str:
    """The normal form of a source or a customer tier that keeps its limit."""
    return _folded(normal_text(text))


def normal_text(text: str) -> str:
    """HTML as text, invisible and control characters gone, then Unicode's composed form (NFC)."""
    if "<" in text or "&" in text:
        text = html_to_text(text)
    if text.isascii() and text.isprintable():
        return text
    body = text.encode(errors="surrogatepass").translate(None, _CONTROL)
    seen = body.decode(errors="surrogatepass")
    if _INVISIBLE.search(_beyond_ascii(body)):
        seen = _INVISIBLE.sub("", seen)
    return unicodedata.normalize("NFC", seen)


def is_broken(text: str) -> bool:
    """Whether it holds half of a character, a lone surrogate: all that UTF-8 cannot say."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def split_key(ticket: Ticket) -> str:
    """What decides a ticket's side of the split: lower case, digits masked, spaces collapsed."""
    return masked(same_text(ticket))


def masked(text: str) -> str:
    """`text` in lower case, each run of digits a 0."""
    lower = text.lower()
    body = lower.encode()
    if not lower.isascii() and _DIGITS.search(_beyond_ascii(body)):
        return _DIGITS.sub("0", lower)
    return _ZEROS.sub(b"0", body.translate(_TO_ZERO)).decode()


def same_text(ticket: Ticket) -> str:
    """Equal for two tickets that say the same: spaces collapsed; digits count."""
    return one_spaced(f"{ticket.title}\n{ticket.description}")


def one_spaced(text: str) -> str:
    """The words of a text in normal form, one space between two of them."""
    if not text.isascii() and _SPACE.search(_beyond_ascii(text.encode())):
        return " ".join(text.split())
    text = text.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text.strip(" ")


def _beyond_ascii(body: bytes) -> str:
    """The other characters of a text in UTF-8: few to look through, mostly."""
    return body.translate(None, _ASCII).decode(errors="surrogatepass")


def _folded(category: str) -> str:
    return category.strip().casefold()


def _normal(value: str, name: str, most: int) -> str:
    if len(value) > most:
        raise BadTicket(f"{name} has {len(value):,} characters; at most {most:,} are read.")
    if is_broken(value):
        raise BadTicket(f"{name} holds half of a character (a lone surrogate); send it as UTF-8.")
    return normal_text(value)
