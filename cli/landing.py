"""Dropping a file into the landing bucket, following it to its receipt, and reading receipts."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markdown import Markdown
from rich.panel import Panel

from cli.show import console, plain, say
from cli.usage_error import UsageError
from cli.watch import Waiting
from jobs.report.receipts import RECEIPTS, receipt_name
from urgency.errors import Gone
from urgency.messages import INCOMING
from urgency.store import ABSENT, ObjectStore
from urgency.writes import swap

PROMOTED, HELD, REJECTED, QUARANTINED, NO_ANSWER = 0, 3, 4, 5, 6
"""Exit codes of a drop that was waited for."""

EXIT_CODES = {"PROMOTE": PROMOTED, "HOLD": HELD, "REJECT": REJECTED}
JSON, MARKDOWN = ".json", ".md"


@dataclass(frozen=True)
class DroppedFile:
    """One generation of one object."""

    name: str
    generation: int


@dataclass(frozen=True)
class Outcome:
    """How a drop ended: exit code, one sentence, and the receipt's members where there is one."""

    file: DroppedFile
    exit_code: int
    sentence: str
    receipt: dict[str, Any] | None = None


def object_name(file: Path, name: str | None) -> str:
    """Where a file lands: below incoming/, as `name` or its own. Raises UsageError."""
    landed = INCOMING + (name or file.name).removeprefix(INCOMING).lstrip("/")
    if not file.is_file():
        raise UsageError(f"There is no file {file}.")
    return landed


def upload(landing: ObjectStore, file: Path, name: str) -> DroppedFile:
    """Write a file to the bucket; it replaces one of the same name.

    Raises Conflict when somebody else replaces it at the same time.
    """
    before = live_generation(landing, name)
    return DroppedFile(name, swap(landing, name, file.read_bytes(), before, time.sleep))


def live_generation(landing: ObjectStore, name: str) -> int:
    """The generation under that name now; ABSENT where there is none."""
    return next((found.generation for found in landing.list(name) if found.name == name), ABSENT)


def follow(landing: ObjectStore, file: DroppedFile, watch: Waiting, timeout_s: float) -> Outcome:
    """Watch until there is a receipt and all is settled; at most `timeout_s`."""
    outcomes: list[Outcome] = []

    def has_ended() -> bool:
        if not outcomes:
            outcomes.extend(_outcome(landing, file))
        return bool(outcomes)

    watch.look_until(has_ended, timeout_s)
    late = f"No receipt after {timeout_s:g} s; 'urgency doctor' says what may hold it up."
    return outcomes[0] if outcomes else Outcome(file, NO_ANSWER, late)


def show_outcome(landing: ObjectStore, outcome: Outcome) -> None:
    """Print the receipt where there is one, and how the drop ended."""
    stored = landing.get(_receipt(outcome.file) + MARKDOWN) if outcome.receipt else None
    if stored:
        text = Markdown(stored.body.decode())
        console().print(Panel(text, title="receipt", title_align="left", border_style="dim"))
    say(plain(outcome.sentence))


def read_outcome(file: DroppedFile, receipt: dict[str, Any]) -> Outcome:
    """What a receipt says, as an exit code and one sentence."""
    if receipt["status"] in ("quarantined", "set aside"):
        sentence = "The file was not taken; the receipt says why."
        return Outcome(file, QUARANTINED, sentence, receipt)
    decision, reasons = receipt["verdict"]["decision"], " ".join(receipt["verdict"]["reasons"])
    sentence = f"Version {receipt['version']}: {decision}. {reasons}"
    return Outcome(file, EXIT_CODES[decision], sentence, receipt)


def newest_receipts(landing: ObjectStore, most: int | None, prefix: str = RECEIPTS) -> list[str]:
    """Names of the receipts below `prefix`, without their endings, newest first."""
    listed = [found for found in landing.list(prefix) if found.name.endswith(JSON)]
    listed.sort(key=lambda found: found.created, reverse=True)
    return [found.name.removesuffix(JSON) for found in listed[:most]]


def newest_receipt_of(landing: ObjectStore, file: str) -> str:
    """Name of a file's newest receipt, the file with or without incoming/. Raises UsageError."""
    prefix = receipt_name(INCOMING + file.removeprefix(INCOMING), 0).removesuffix("0")
    for name in newest_receipts(landing, None, prefix):
        if name.removeprefix(prefix).isdigit():  # else it is another file's, as of 'a.csv.1.csv'
            return name
    raise UsageError(f"{file} has no receipt yet; 'urgency receipts' lists all receipts.")


def read_receipt(landing: ObjectStore, name: str, ending: str) -> bytes:
    """One form of a receipt that was listed. Raises Gone."""
    stored = landing.get(name + ending)
    if stored is None:
        raise Gone(f"{name}{ending} was deleted meanwhile.")
    return stored.body


def _outcome(landing: ObjectStore, file: DroppedFile) -> Iterator[Outcome]:
    """How it ended, once it has."""
    if stored := landing.get(_receipt(file) + JSON):
        yield read_outcome(file, json.loads(stored.body))
    elif live_generation(landing, file.name) != file.generation:
        replaced = f"{file.name} was replaced or deleted before it was read"
        yield Outcome(file, NO_ANSWER, f"{replaced}; what replaced it gets a receipt.")


def _receipt(file: DroppedFile) -> str:
    return receipt_name(file.name, file.generation)
