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

_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
INVISIBLE = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
"""Unicode's category Cf as a set of `re`: joiners, marks of direction, soft hyphens and others."""

_UNSEEN = re.compile(f"[{_CONTROL}{INVISIBLE}]")
_ASCII_UNSEEN = re.compile(f"[{_CONTROL}]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIGITS = re.compile(r"\d+")


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
        raise BadTicket("title and description are both empty; a ticket needs one of them.")
    source = _normal(source, "source", CATEGORY_MAX)
    customer_tier = _normal(customer_tier, "customer_tier", CATEGORY_MAX)
    return Ticket(title, description, source.strip().casefold(), customer_tier.strip().casefold())


def normal_text(text: str) -> str:
    """HTML as text, invisible and control characters gone, then Unicode's composed form (NFC)."""
    if "<" in text or "&" in text:
        text = html_to_text(text)
    if text.isascii():
        return text if text.isprintable() else _ASCII_UNSEEN.sub("", text)
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def split_key(ticket: Ticket) -> str:
    """What decides a ticket's side of the split: lower case, digits masked, spaces collapsed."""
    return masked(same_text(ticket))


def masked(text: str) -> str:
    """`text` in lower case, each run of digits a 0."""
    return _DIGITS.sub("0", text.lower())


def same_text(ticket: Ticket) -> str:
    """Equal for two tickets that say the same: spaces collapsed; digits count."""
    return " ".join(f"{ticket.title}\n{ticket.description}".split())


def _normal(value: str, name: str, most: int) -> str:
    if len(value) > most:
        raise BadTicket(f"{name} has {len(value):,} characters; at most {most:,} are read.")
    if not value.isascii() and _SURROGATE.search(value):
        raise BadTicket(f"{name} holds half of a character (a lone surrogate); send it as UTF-8.")
    return normal_text(value)
