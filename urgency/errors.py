"""One root for every error of ours; its message says what was seen and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager


class UrgencyError(Exception):
    """Root of all errors that this system raises on purpose."""


class SettingsError(UrgencyError):
    """A setting is missing or malformed. Permanent: only its owner can heal it."""


class Unavailable(UrgencyError):
    """A cloud service did not answer or asked to slow down. Trying again later can heal it."""


class Forbidden(UrgencyError):
    """The caller's identity has no grant for what it tried. Only an administrator can heal it."""


class Conflict(UrgencyError):
    """A conditional write found another generation than expected. Read back and decide."""


class Gone(UrgencyError):
    """That generation of an object no longer exists."""


class CorruptObject(UrgencyError):
    """Stored bytes do not match their digest or format; trying again does not help."""


class BadTicket(UrgencyError):
    """A ticket breaks a limit of `urgency.ticket`; the message names the field, never its text."""


class BadMessage(UrgencyError):
    """A Pub/Sub message or CloudEvent is not one of ours. Permanent: acknowledge, do not retry."""


@contextmanager
def whatever_fails(what: str) -> Iterator[None]:
    """Raise CorruptObject for an error that is none of ours: stored bytes fail in many ways."""
    try:
        yield
    except UrgencyError:
        raise
    except Exception as error:
        raise CorruptObject(f"{what}: {error!r}.") from error
