"""The section of a card: of the version that it is about, and of no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.html_page import Page
from urgency.live_quality import with_live_quality

CARD = b"<!doctype html>\n<html><body>\n<h1>Version 3</h1>\n</body></html>\n"
SHARE = {"value": 0.5, "low": 0.1, "high": 0.9}
COUNTS = {"tickets": 4, "urgent": 2, "called": 2, "found": 1, "precision": SHARE, "recall": SHARE}
FOUND: dict[str, Any] = {
    "version": 3,
    "state": "fell",
    "promised_recall": 0.95,
    **COUNTS,
    "false_alarms": None,
    "weeks": [{"week": "2026-W02", "false_alarms": None, **COUNTS}],
}


def stored(**changed: Any) -> bytes:
    return json.dumps(FOUND | changed).encode()


def test_the_serving_versions_card_has_it_at_the_end() -> None:
    text = Page(with_live_quality(CARD, stored(), 3).decode()).text
    assert "below the 95% of the tests" in text
    assert "2026-W02" in text
    assert "50% (10% to 90%)" in text
    assert text.index("Version 3") < text.index("Live quality")


@pytest.mark.parametrize(
    "about", [stored(version=2), stored(tickets=0), b"{}", b"[]", b"\xff", b""]
)
def test_any_other_card_is_as_it_was(about: bytes) -> None:
    assert with_live_quality(CARD, about, 3) == CARD


@pytest.mark.parametrize("state", ["fell", "kept", "too few"])
def test_every_state_has_its_sentence(state: str) -> None:
    assert b"Live quality" in with_live_quality(CARD, stored(state=state), 3)
