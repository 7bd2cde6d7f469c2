"""Code that breaks one promise: the simulation must find it, or it proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CLEAN, FAULTY = "clean", "faulty"


@dataclass(frozen=True)
class BrokenVariant:
    """`owner.name` becomes `replacement`, which violates `invariant` in `world`.

    The invariant `raised`: an actor ends well, killed, or with Unavailable, and in no other way.
    """

    promise: str
    owner: Any
    name: str
    replacement: Any
    world: str
    invariant: str
    also: Any = None
    """A second owner that imported the same function."""
