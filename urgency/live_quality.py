"""What was last found of the serving version's live quality, as a section of its card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

END = b"</body>"
SHARES = ("precision", "recall", "false_alarms")
COLUMNS = ("week", "tickets", "urgent", "precision", "recall", "false alarms")
ABOUT = (
    "Tickets that people labelled since this version was made and that it had not seen, by week of"
    " their label, with 95 % intervals. Precision: of those that it calls urgent; recall: of those"
    " that are; false alarms: of those that are not."
)
SENTENCES = {
    "fell": "Recall has fallen: even its upper bound is below the {promised:.0%} of the tests.",
    "kept": "The recall of {promised:.0%} that its test tickets promised may still hold.",
    "too few": "Too few of them are urgent to say whether the promised recall holds.",
}


def found_for(stored: bytes, version: int) -> dict[str, Any]:
    """What was found of this version; nothing where the last answer is of another one."""
    try:
        found = json.loads(stored)
    except ValueError:
        return {}
    is_its = isinstance(found, dict) and found.get("version") == version
    return dict(found) if is_its else {}


def with_live_quality(card: bytes, stored: bytes, version: int) -> bytes:
    """A version's card, with its live quality at the end if it is the one that serves."""
    found = found_for(stored, version)
    if not found.get("tickets"):
        return card
    before, end, after = card.rpartition(END)
    return before + _section(found).encode() + end + after


def _section(found: Mapping[str, Any]) -> str:
    sentence = SENTENCES[found["state"]].format(promised=found["promised_recall"])
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "".join(map(_row, [*found["weeks"], {"week": "all"} | dict(found)]))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return (
        f"<h2>Live quality</h2><p>{escape(sentence)}</p>"
        f'<div class="wide">{table}</div><p class="muted">{escape(ABOUT)}</p>\n'
    )


def _row(counts: Mapping[str, Any]) -> str:
    cells = [f"{counts['tickets']:,}", f"{counts['urgent']:,}"]
    cells += [_percent(counts[name]) for name in SHARES]
    numbers = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(counts["week"])}</th>{numbers}</tr>'


def _percent(share: Mapping[str, float] | None) -> str:
    return f"{share['value']:.0%} ({share['low']:.0%} to {share['high']:.0%})" if share else "–"
