"""Enforcing the grants costs no time that one notices."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.support.cloud.grants import checkout_copy
from tests.support.cloud.live_stack import live_stack

ALLOWED_S = 1.0
NOTHING_IS_REFUSED = "\nAccess.allows = lambda *_: True  # type: ignore[method-assign]\n"


def seconds_to_start(checkout: Path, home: Path) -> float:
    """Until everything answers."""
    began = time.monotonic()
    with live_stack(home, checkout=checkout):
        return time.monotonic() - began


def test_a_stack_that_enforces_starts_within_a_second_of_one_that_does_not(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    strict, lax = checkout_copy(tmp_path / "strict"), checkout_copy(tmp_path / "lax")
    with (lax / "infra/local/pocket/access.py").open("a") as source:
        source.write(NOTHING_IS_REFUSED)
    # In turn, and the best of each: other tests run meanwhile.
    turns = [
        (seconds_to_start(strict, strict / f"{n}"), seconds_to_start(lax, lax / f"{n}"))
        for n in range(3)
    ]
    strict_s, lax_s = (min(times) for times in zip(*turns, strict=True))
    record_property(
        "figure", f"the stack starts in {strict_s:.2f} s with enforcement, {lax_s:.2f} s without"
    )
    assert strict_s < lax_s + ALLOWED_S
