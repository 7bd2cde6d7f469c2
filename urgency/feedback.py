"""What a person says of a ticket: as the service publishes it and as training reads it.

A message is one JSON object on one line. Its members are the names that training reads first, so
a file of such lines needs no vocabulary and no mapping.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from urgency.vocabulary import key, side_of

FEEDBACK = "feedback/"
"""Where these lines land, below the landing bucket."""

SUFFIX = ".jsonl"
_TEXTS = ("ticket_id", "title", "description", "source", "customer_tier")
URGENT, OTHER = "urgent", "non-urgent"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A ticket, whether it is urgent, who says so, and when (UTC); texts as they were sent."""

    id: str
    title: str
    description: str
    source: str
    customer_tier: str
    is_urgent: bool
    by: str
    at: datetime

    def to_line(self) -> bytes:
        """The message, without the end of its line."""
        members = {
            "ticket_id": self.id,
            "title": self.title,
            "description": self.description,
            "source": self.source,
            "customer_tier": self.customer_tier,
            "label_urgency": URGENT if self.is_urgent else OTHER,
            "updated_at": self.at.astimezone(UTC).isoformat(timespec="seconds"),
            "by": self.by,
        }
        return json.dumps(members, ensure_ascii=False).encode()


def read_lines(body: bytes) -> tuple[list[Feedback], int]:
    """What an object below FEEDBACK says, and how many lines do not parse."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    read = [said for line in lines if (said := _read(line))]
    return read, len(lines) - len(read)


def _read(line: bytes) -> Feedback | None:
    try:
        members = json.loads(line)
        label, at = members["label_urgency"], datetime.fromisoformat(members["updated_at"])
        name, title, description, source, tier = (str(members[one] or "") for one in _TEXTS)
        if label not in (URGENT, OTHER) or at.tzinfo is None:
            return None
        is_urgent, by, at = label == URGENT, str(members["by"]), at.astimezone(UTC)
        return Feedback(name, title, description, source, tier, is_urgent, by, at)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def is_feedback(name: str) -> bool:
    """Whether an object of the landing bucket holds what people said."""
    return name.startswith(FEEDBACK) and name.endswith(SUFFIX)


def said_side(label: str, urgent: Collection[str] = (), other: Collection[str] = ()) -> bool | None:
    """Whether a label alone says urgent; None if it is not understood.

    urgent, other: an installation's own words, which come first.
    """
    own = {key(word): False for word in other} | {key(word): True for word in urgent}
    said = own.get(key(label))
    return side_of(label) if said is None else said
