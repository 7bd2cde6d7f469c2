"""What lies below incoming/ now: listed with its answers, and deleted."""

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.landing import JSON
from cli.usage_error import UsageError
from jobs.report.receipts import RECEIPTS, receipt_name
from urgency.messages import INCOMING, is_ticket_file
from urgency.store import ListedObject, ObjectStore

_READERS = 16


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file in the bucket; `name` is below incoming/, `status` that of its receipt."""

    name: str
    generation: int
    size_bytes: int
    at: datetime
    status: str | None

    @property
    def is_answered(self) -> bool:
        """Whether there is a receipt of exactly this content."""
        return self.status is not None


@dataclass(frozen=True, slots=True)
class DeletedFile:
    """A generation that is no longer live; `object` is its whole name."""

    object: str
    generation: int


def landed_files(landing: ObjectStore, folder: str = "") -> list[LandedFile]:
    """Every file below that folder, by name."""
    listed = [file for file in landing.list(_below_incoming(folder)) if is_ticket_file(file.name)]
    receipts = {found.name for found in landing.list(RECEIPTS)}

    def status(file: ListedObject) -> str | None:
        receipt = receipt_name(file.name, file.generation) + JSON
        stored = landing.get(receipt) if receipt in receipts else None
        return json.loads(stored.body)["status"] if stored else None

    with ThreadPoolExecutor(_READERS) as readers:
        statuses = list(readers.map(status, listed))
    return [
        LandedFile(_short(file.name), file.generation, file.size, file.created, status)
        for file, status in zip(listed, statuses, strict=True)
    ]


def live_files(landing: ObjectStore, names: Iterable[str]) -> list[ListedObject]:
    """The files of these names, with or without incoming/. Raises UsageError for one not there."""
    return [_live(landing, name) for name in dict.fromkeys(map(_below_incoming, names))]


def delete_files(landing: ObjectStore, files: Sequence[ListedObject]) -> list[DeletedFile]:
    """Delete exactly these generations. Raises Conflict for one that was replaced meanwhile."""
    for file in files:
        landing.delete(file.name, file.generation)
    return [DeletedFile(file.name, file.generation) for file in files]


def whether_live(landing: ObjectStore, receipts: list[dict[str, Any]]) -> list[bool]:
    """For each receipt whether its generation still lies in the bucket."""
    live = {(file.name, file.generation) for file in landing.list(INCOMING)}
    return [(receipt["file"], receipt["generation"]) in live for receipt in receipts]


def _live(landing: ObjectStore, name: str) -> ListedObject:
    found = next((file for file in landing.list(name) if file.name == name), None)
    if found is None:
        raise UsageError(f"There is no file {_short(name)}; 'urgency ls' lists the files.")
    return found


def _below_incoming(name: str) -> str:
    return INCOMING + name.removeprefix(INCOMING)


def _short(name: str) -> str:
    return name.removeprefix(INCOMING)
