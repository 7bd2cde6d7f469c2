"""Receipts: the bucket's answer to every file, as JSON for programs; for people see receipt_page.

A receipt is a pure function of what a version's bundle stores, so it can always be written again.
It holds no ticket.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from jobs.tickets.file_report import FileReport
from urgency.bundle import Verdict, canonical_json
from urgency.messages import INCOMING
from urgency.records import SourceFile
from urgency.store import ObjectStore

RECEIPTS = "receipts/"
FORMS = (".md", ".json")

_NAME_BYTES = 900


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one generation of a landed file; `snapshot` is the first that took it.

    `test`: the version's metrics on the test tickets.
    """

    report: FileReport
    snapshot: int
    verdict: Verdict
    version: int
    at: str
    test: dict[str, float] = field(default_factory=dict)


def receipt_name(name: str, generation: int) -> str:
    """Where a landed object's receipt stands, without `.md` or `.json`; a long name is hashed."""
    below = f"{name.removeprefix(INCOMING)}.{generation}"
    if len(f"{RECEIPTS}{below}.json".encode()) > _NAME_BYTES:
        below = f"long-name-{sha256(name.encode()).hexdigest()}.{generation}"
    return f"{RECEIPTS}{below}"


def unanswered(landing: ObjectStore, files: Iterable[SourceFile]) -> list[SourceFile]:
    """Those of `files` that do not have both forms of their receipt yet, by one listing."""
    there = {listed.name for listed in landing.list(RECEIPTS)}
    return [
        file
        for file in files
        if not {f"{receipt_name(file.name, file.generation)}{form}" for form in FORMS} <= there
    ]


def receipt_json(receipt: Receipt) -> bytes:
    """The receipt for programs, schema 1."""
    report, members = receipt.report, asdict(receipt.report)
    del members["unread_dates"]
    members["problems"] = [problem._asdict() for problem in report.problems]
    members["mapping"] = members.pop("questions")
    return canonical_json(
        {
            "schema": 1,
            **members,
            "status": report.status,
            "records": report.records,
            "snapshot": receipt.snapshot,
            "verdict": asdict(receipt.verdict),
            "version": receipt.version,
            "at": receipt.at,
        }
    )
