"""Receipts: the bucket's answer to every file, in plain words for people and as JSON for programs.

A receipt is a pure function of what a version's bundle stores, so it can always be written again.
It holds no ticket.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from jobs.tickets.file_report import FileReport
from urgency.bundle import Verdict, canonical_json
from urgency.messages import INCOMING
from urgency.records import SourceFile
from urgency.store import ObjectStore

RECEIPTS = "receipts/"
FORMS = (".md", ".json")

_NAME_BYTES = 900
_RANGES_SHOWN = 20

_DECISIONS = {
    "PROMOTE": "The new model (version {version}) passed its test, so it answers from now on.",
    "HOLD": "The evidence for the new model (version {version}) was not enough, so {before}.",
    "REJECT": "The new model (version {version}) did not do its job, so {before}.",
}
_ADVICE = {
    "PROMOTE": "Nothing. Drop further files whenever there are new tickets.",
    "HOLD": "Nothing has to be done: the tickets are kept, and every further file adds to them.",
    "REJECT": (
        "Look at some of the labels in your files: would two people give a ticket the same one?"
        " Then drop the corrected files under their old names, or delete those that do not belong"
        " here."
    ),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one generation of a landed file; `snapshot` is the first that took it."""

    report: FileReport
    snapshot: int
    verdict: Verdict
    version: int
    at: str


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


def receipt_markdown(receipt: Receipt, findings: Sequence[str] = ()) -> bytes:
    """The receipt for the people who dropped the file and know only the bucket.

    findings: what stands out in the tickets of all files together, in sentences.
    """
    report, read_on = receipt.report, f"read on {receipt.at}."
    numbers = f"snapshot {receipt.snapshot}, version {receipt.version}."
    sections = (
        [f"# {_headline(report)}"],
        [f"File {_code(report.file)}, {report.size_bytes:,} bytes, {read_on}"],
        ["## Rows", *_rows(report)],
        _not_taken(report),
        ["## The model", *_model(receipt)],
        _what_stands_out(findings),
        ["## What to do now", *_next_steps(receipt)],
        ["## To undo this", *_undo(receipt)],
        [f"Generation {report.generation}, {numbers}"],
    )
    return ("\n\n".join(text for section in sections for text in section) + "\n").encode()


def _headline(report: FileReport) -> str:
    return {
        "accepted": "The file was taken",
        "partly": f"The file was taken, except {_count(report.quarantined, 'row')}",
        "quarantined": "The file was not taken",
    }[report.status]


def _rows(report: FileReport) -> Iterator[str]:
    if not report.records:
        yield "No row was counted: the file could not be read as a table of tickets."
    else:
        repeated = "set aside because a later row or file holds the same ticket."
        yield (
            f"{_count(report.records, 'row')}: {report.accepted:,} taken,"
            f" {report.quarantined:,} not taken, {report.duplicate:,} {repeated}"
        )
    if report.columns_ignored:
        yield f"Columns that are not used: {', '.join(map(_code, report.columns_ignored))}."


def _not_taken(report: FileReport) -> Iterator[str]:
    if not report.problems:
        return
    lines: dict[str, list[int]] = {}
    for problem in report.problems:
        lines.setdefault(problem.reason, []).append(problem.line)
    yield "## What was not taken, and why"
    yield "Line 1 is the first line of the file."
    yield _bullets(f"{_line_ranges(at)}: {_escaped(reason)}" for reason, at in lines.items())
    if report.more:
        yield f"{_count(report.more, 'more row')} could not be taken."


def _model(receipt: Receipt) -> Iterator[str]:
    against = receipt.verdict.against
    before = f"version {against} goes on answering" if against else "no model answers yet"
    yield _DECISIONS[receipt.verdict.decision].format(version=receipt.version, before=before)
    yield _bullets(map(_escaped, receipt.verdict.reasons)) or "No reason was recorded."


def _what_stands_out(findings: Sequence[str]) -> Iterator[str]:
    if findings:
        yield "## What stands out"
        yield "In the tickets of all files together:"
        yield _bullets(map(_escaped, findings))


def _next_steps(receipt: Receipt) -> Iterator[str]:
    if receipt.report.status == "accepted":
        yield _ADVICE[receipt.verdict.decision]
        return
    yield (
        "Correct what is listed above and drop the file again under the same name: it then replaces"
        " this one. The first line must name the columns: label_urgency (urgent or non-urgent),"
        " title or description or both, and if you have them ticket_id, created_at, source and"
        " customer_tier."
    )


def _undo(receipt: Receipt) -> Iterator[str]:
    file, against = _code(receipt.report.file), receipt.verdict.against
    yield f"Delete {file} from the bucket: the next model is made without its tickets."
    if receipt.verdict.decision == "PROMOTE" and against:
        command = _code(f'urgency rollback --to {against} --reason "..."')
        yield f"To bring the previous model back at once, ask the service's operator for {command}."


def _line_ranges(numbers: Sequence[int]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in ranges[:_RANGES_SHOWN])
    hidden = sum(b - a + 1 for a, b in ranges[_RANGES_SHOWN:])
    more = f" and {hidden:,} more" if hidden else ""
    return f"{'line' if len(numbers) == 1 else 'lines'} {shown}{more}"


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"* {item}" for item in items)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _code(text: str) -> str:
    return f"`{_one_line(text).replace('`', chr(39))}`"


def _escaped(text: str) -> str:
    """Headers and file names are other people's text: they must not become HTML or links."""
    return re.sub(r"([\\`*<\[|])", r"\\\1", _one_line(text))


def _one_line(text: str) -> str:
    printable = (character if character.isprintable() else " " for character in text)
    return " ".join("".join(printable).split())
