"""What the person at the keyboard can correct."""

from importlib.util import find_spec

from urgency.errors import UrgencyError

STACK = ("flask", "cryptography", "functions_framework", "uvicorn")
TRAINING = ("scipy", "threadpoolctl")
"""What the light extra `cli` leaves out: it operates a cloud project."""


class UsageError(UrgencyError):
    """A bad argument, or a verb that makes no sense here or now: exit code 2."""


def require(*packages: str) -> None:
    """Raise UsageError where one of these is not installed; nothing is imported."""
    for package in packages:
        if find_spec(package) is None:
            raise not_installed(package)


def not_installed(package: str | None) -> UsageError:
    """What to do about a package that is not installed."""
    how = "run pip install '.[local]' in a checkout of the project"
    return UsageError(f"This needs the package {package}, which is not installed: {how}.")
