"""What the person at the keyboard can put right."""

from __future__ import annotations

from urgency.errors import UrgencyError


class Mistake(UrgencyError):
    """A bad argument, or a verb that makes no sense now: exit code 2."""
