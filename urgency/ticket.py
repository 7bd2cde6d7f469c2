"""Ticket: its fields, limits and normal forms, the same for training and for serving."""

import re
import unicodedata
from dataclasses import dataclass

from urgency.errors import BadTicket

TEXT_MAX = 65_536
"""Characters of a title or a description."""

CATEGORY_MAX = 200
"""Characters of a source or a customer tier."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
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
    """The ticket in normal form: NFC, control characters gone, categories lower case and stripped.

    Raises BadTicket, naming the field and never its content.
    """
    title = _normal(title, "title", TEXT_MAX)
    description = _normal(description, "description", TEXT_MAX)
    if not title.strip() and not description.strip():
        raise BadTicket("title and description are both empty; a ticket needs one of them.")
    source = _normal(source, "source", CATEGORY_MAX)
    customer_tier = _normal(customer_tier, "customer_tier", CATEGORY_MAX)
    return Ticket(title, description, source.strip().casefold(), customer_tier.strip().casefold())


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
    if value.isascii():
        return value if value.isprintable() else _CONTROL.sub("", value)
    if _SURROGATE.search(value):
        raise BadTicket(f"{name} holds half of a character (a lone surrogate); send it as UTF-8.")
    return unicodedata.normalize("NFC", _CONTROL.sub("", value))
