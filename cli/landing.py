"""Dropping a file into the landing bucket, and following it to its receipt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.context import System
from cli.usage_error import Mistake
from cli.watch import Watch
from jobs.report.receipts import receipt_name
from urgency.messages import INCOMING, is_ticket_file
from urgency.store import ABSENT, ObjectStore
from urgency.writes import swap

PROMOTED, HELD, REJECTED, QUARANTINED, NO_ANSWER = 0, 3, 4, 5, 6
"""Exit codes of a drop that was waited for."""

EXIT_CODES = {"PROMOTE": PROMOTED, "HOLD": HELD, "REJECT": REJECTED}


@dataclass(frozen=True)
class Landed:
    """One generation of one object that was dropped."""

    name: str
    generation: int


@dataclass(frozen=True)
class Outcome:
    """How a drop ended: its exit code, one sentence, and the receipt (9-interfaces) where one was
    written.
    """

    landed: Landed
    exit_code: int
    sentence: str
    receipt: dict[str, Any] | None = None


def object_name(file: Path, name: str | None) -> str:
    """Where a file lands: below incoming/, under its own name or `name`. Raises Mistake for what is
    no CSV.
    """
    landed = INCOMING + (name or file.name).removeprefix(INCOMING).lstrip("/")
    if not is_ticket_file(landed):
        raise Mistake(
            f"{landed} does not end in .csv, so nothing would read it; give it such a name with"
            " --name."
        )
    if not file.is_file():
        raise Mistake(f"There is no file {file}.")
    return landed


def upload(
    landing: ObjectStore, file: Path, name: str, sleep: Callable[[float], None] = time.sleep
) -> Landed:
    """Write a file to the bucket, replacing what stands there. Raises Conflict when somebody
    replaces it meanwhile.
    """
    return Landed(
        name, swap(landing, name, file.read_bytes(), live_generation(landing, name), sleep)
    )


def live_generation(landing: ObjectStore, name: str) -> int:
    """The generation under that name now; ABSENT where there is none."""
    return next((listed.generation for listed in landing.list(name) if listed.name == name), ABSENT)


def read_receipt(landing: ObjectStore, landed: Landed, ending: str) -> bytes | None:
    """The receipt as stored, `.json` or `.md`; None while there is none."""
    stored = landing.get(receipt_name(landed.name, landed.generation) + ending)
    return stored.body if stored else None


def follow(
    system: System, landed: Landed, watch: Watch, *, timeout_s: float, pause_s: float
) -> Outcome:
    """Watch until the bucket has answered and, after a promotion, every instance follows; at most
    `timeout_s`.
    """
    until = time.monotonic() + timeout_s
    outcome = None
    while time.monotonic() < until:
        outcome = outcome or _outcome(system.landing, landed)
        watch.look()
        if outcome and watch.is_settled:
            break
        time.sleep(pause_s)
    return outcome or Outcome(
        landed,
        NO_ANSWER,
        f"No receipt after {timeout_s:g} s; 'urgency doctor' says what may hold it up.",
    )


def _outcome(landing: ObjectStore, landed: Landed) -> Outcome | None:
    body = read_receipt(landing, landed, ".json")
    if body:
        return answered(landed, json.loads(body))
    if live_generation(landing, landed.name) == landed.generation:
        return None
    return Outcome(
        landed,
        NO_ANSWER,
        f"{landed.name} was replaced or deleted before it was read; its successor gets a receipt.",
    )


def answered(landed: Landed, receipt: dict[str, Any]) -> Outcome:
    """What a receipt says, in one sentence and an exit code."""
    if receipt["status"] == "quarantined":
        return Outcome(
            landed, QUARANTINED, "The file was not taken; the receipt says why.", receipt
        )
    verdict = receipt["verdict"]
    sentence = (
        f"Version {receipt['version']}: {verdict['decision']}. {' '.join(verdict['reasons'])}"
    )
    return Outcome(landed, EXIT_CODES[verdict["decision"]], sentence, receipt)
