"""Receipts: the bucket's answer to every file, in plain words for people and as JSON for programs.

A receipt is a pure function of what a version's bundle stores, so it can always be written again.
It holds no ticket.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256

from jobs.tickets.file_report import FileReport, ReadAs
from jobs.tickets.table import LABEL
from urgency.bundle import Verdict, canonical_json
from urgency.messages import INCOMING
from urgency.records import SourceFile
from urgency.store import ObjectStore

RECEIPTS = "receipts/"
FORMS = (".md", ".json")

_NAME_BYTES = 900
_RANGES_SHOWN, _VALUES_SHOWN = 20, 12
_ROLES = {
    "ticket_id": "id",
    "created_at": "date",
    "updated_at": "date of update",
    "customer_tier": "tier",
}

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


def receipt_markdown(receipt: Receipt) -> bytes:
    """The receipt for the people who dropped the file and know only the bucket.

    That of a file that was set aside speaks of the file alone and not of the model.
    """
    report = receipt.report
    at = datetime.fromisoformat(receipt.at).astimezone(UTC)
    read_on = f"read on {at.day} {at:%B %Y} at {at:%H:%M} UTC."
    numbers = f"snapshot {receipt.snapshot}, version {receipt.version}."
    sections = (
        [f"# {_headline(report)}"],
        [f"File {_code(report.file)}, {report.size_bytes:,} bytes, {read_on}"],
        _how_it_was_read(report),
        _rows(report),
        _not_taken(report),
        _questions(report),
        _model(receipt),
        ["## What to do now", _next_step(receipt)],
        ["## To undo this", *_undo(receipt)],
        [f"Generation {report.generation}, {numbers}"],
    )
    return ("\n\n".join(text for section in sections for text in section) + "\n").encode()


def read_as_sentence(read_as: ReadAs) -> str:
    """How a file was read, in one line."""
    columns = dict(read_as.columns)
    label = columns.pop(LABEL, "")
    roles = [f"{_code(name)} is the {_ROLES.get(role, role)}" for role, name in columns.items()]
    where = [read_as.encoding, read_as.kind, f"header in line {read_as.header_line:,}"]
    sentence = f"Read as: {', '.join(filter(None, where))}; {', '.join(roles)}"
    if label:
        sentence += f", {_code(label)} the label"
    if read_as.urgent or read_as.other:
        sentence += f": {_values(read_as.urgent)} urgent, {_values(read_as.other)} not"
    return f"{sentence}."


def _values(values: dict[str, int]) -> str:
    shown = [f"{_escaped(value)} {rows:,}" for value, rows in list(values.items())[:_VALUES_SHOWN]]
    more = [f"{len(values) - _VALUES_SHOWN:,} more"] if len(values) > _VALUES_SHOWN else []
    names = [*shown, *more] or ["no value"]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} {'is' if len(names) == 1 else 'are'}"


def _headline(report: FileReport) -> str:
    return {
        "accepted": "The file was taken",
        "partly": f"The file was taken, except {_count(report.quarantined, 'row')}",
        "quarantined": "No row of the file was taken",
        "set aside": "The file was set aside",
    }[report.status]


def _how_it_was_read(report: FileReport) -> Iterator[str]:
    if report.read_as:
        yield read_as_sentence(report.read_as)


def _rows(report: FileReport) -> Iterator[str]:
    yield "## Rows"
    if not report.records:
        yield "No row was taken: the file is set aside as a whole, and nothing of it is lost."
    else:
        parts = [
            f"{report.accepted:,} taken",
            f"{report.quarantined:,} not taken",
            f"{report.duplicate:,} set aside because a later row or file holds the same ticket",
            f"{report.unlabelled:,} without a label yet",
        ]
        yield f"{_count(report.records, 'row')}: {', '.join(parts)}."
    if report.replaced:
        files = [f"{_count(n, 'ticket')} of {_code(name)}" for name, n in report.replaced.items()]
        yield f"Rows of this file are newer than, and replace, {', '.join(files)}."
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


def _questions(report: FileReport) -> Iterator[str]:
    if report.questions:
        yield "## Questions to you"
        yield (
            "Answer in a file named `mapping.csv` beside this one: copy these lines, write behind"
            " the last comma what each is (a column: title, description, label_urgency, ticket_id,"
            " created_at, source, customer_tier or ignore; a label: urgent or non-urgent), and drop"
            " it. It holds for its folder and all folders below."
        )
        yield "\n".join(["```", *report.questions, "```"])


def _model(receipt: Receipt) -> Iterator[str]:
    if receipt.report.status == "set aside":
        return
    yield "## The model"
    against = receipt.verdict.against
    before = f"version {against} goes on answering" if against else "no model answers yet"
    yield _DECISIONS[receipt.verdict.decision].format(version=receipt.version, before=before)
    yield _bullets(map(_escaped, receipt.verdict.reasons)) or "No reason was recorded."


def _next_step(receipt: Receipt) -> str:
    if receipt.report.status == "accepted":
        return _ADVICE[receipt.verdict.decision]
    return (
        "Correct what is listed above and drop the file again under the same name: it then replaces"
        " this one. The first line must name the columns: a title or description, a label (priority"
        " or urgency), and if you have them an id, a date, a source and a customer tier."
    )


def _undo(receipt: Receipt) -> Iterator[str]:
    file, against = _code(receipt.report.file), receipt.verdict.against
    yield f"Delete {file} from the bucket: the next model is made without its tickets."
    taken = receipt.report.status != "set aside"
    if taken and receipt.verdict.decision == "PROMOTE" and against:
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
