"""Receipts: the bucket's answer to every file, in plain words for people and as JSON for programs.

A receipt is a pure function of what a version's bundle stores, so it can always be written again. It holds no ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from jobs.tickets.file_report import FileAccount, Problem
from urgency.bundle import Manifest, Verdict, canonical_json
from urgency.messages import INCOMING
from urgency.records import Snapshot

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
    "REJECT": "Look at some of the labels in your files: would two people give a ticket the same one? Then drop the "
    "corrected files under their old names, or delete those that do not belong here.",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one generation of a landed file; `snapshot` is the number of the first that took it."""

    file: str
    generation: int
    size_bytes: int
    snapshot: int
    status: str
    records: int
    accepted: int
    duplicate: int
    quarantined: int
    problems: tuple[Problem, ...]
    more: int
    columns_ignored: tuple[str, ...]
    verdict: Verdict
    version: int
    at: str


def receipt(
    account: FileAccount, snapshot: Snapshot, manifest: Manifest, verdict: Verdict
) -> Receipt:
    """The receipt of one file of `snapshot`, whose version was judged by `verdict`."""
    return Receipt(
        file=account.file,
        generation=account.generation,
        size_bytes=account.size_bytes,
        snapshot=snapshot.n,
        status=account.status,
        records=account.records,
        accepted=account.accepted,
        duplicate=account.duplicate,
        quarantined=account.quarantined,
        problems=account.problems,
        more=account.more,
        columns_ignored=account.columns_ignored,
        verdict=verdict,
        version=manifest.version,
        at=manifest.created_at,
    )


def receipt_name(name: str, generation: int) -> str:
    """Where the receipt of a landed object stands, without `.md` or `.json`; a name too long for that is hashed."""
    below = f"{name.removeprefix(INCOMING)}.{generation}"
    if len(f"receipts/{below}.json".encode()) > _NAME_BYTES:
        below = f"long-name-{sha256(name.encode()).hexdigest()}.{generation}"
    return f"receipts/{below}"


def receipt_json(answer: Receipt) -> bytes:
    """The receipt for programs, schema 1."""
    problems = [problem._asdict() for problem in answer.problems]
    return canonical_json({"schema": 1, **asdict(answer), "problems": problems})


def receipt_markdown(answer: Receipt, noticed: Sequence[str] = ()) -> bytes:
    """The receipt for the people who dropped the file and know nothing but the bucket.

    noticed: what stands out in the tickets of all files together, in sentences.
    """
    sections = (
        [
            f"# {_headline(answer)}",
            f"File {_code(answer.file)}, {answer.size_bytes:,} bytes, read on {answer.at}.",
        ],
        ["## Rows", *_rows(answer)],
        _not_taken(answer),
        ["## The model", *_model(answer)],
        _noticed(noticed),
        ["## What to do now", *_next_steps(answer)],
        ["## To undo this", *_undo(answer)],
        [f"Generation {answer.generation}, snapshot {answer.snapshot}, version {answer.version}."],
    )
    return ("\n\n".join(text for section in sections for text in section) + "\n").encode()


def _headline(answer: Receipt) -> str:
    return {
        "accepted": "The file was taken",
        "partly": f"The file was taken, but for {_count(answer.quarantined, 'row')}",
        "quarantined": "The file was not taken",
    }[answer.status]


def _rows(answer: Receipt) -> Iterator[str]:
    if not answer.records:
        yield "No row was counted: the file could not be read as a table of tickets."
    else:
        yield (
            f"{_count(answer.records, 'row')}: {answer.accepted:,} taken, {answer.quarantined:,} not taken, "
            f"{answer.duplicate:,} set aside because a later row or file tells of the same ticket."
        )
    if answer.columns_ignored:
        yield f"Columns that are not used: {', '.join(map(_code, answer.columns_ignored))}."


def _not_taken(answer: Receipt) -> list[str]:
    if not answer.problems:
        return []
    lines: dict[str, list[int]] = {}
    for problem in answer.problems:
        lines.setdefault(problem.reason, []).append(problem.line)
    listed = [f"* {_line_ranges(numbers)}: {_escaped(reason)}" for reason, numbers in lines.items()]
    rest = [f"{_count(answer.more, 'more row')} could not be taken."] if answer.more else []
    return [
        "## What was not taken, and why",
        "Line 1 is the first line of the file.",
        "\n".join(listed),
        *rest,
    ]


def _model(answer: Receipt) -> Iterator[str]:
    against = answer.verdict.against
    before = f"version {against} goes on answering" if against else "no model answers yet"
    yield _DECISIONS[answer.verdict.decision].format(version=answer.version, before=before)
    yield (
        "\n".join(f"* {_escaped(reason)}" for reason in answer.verdict.reasons)
        or "No reason was recorded."
    )


def _noticed(sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    listed = "\n".join(f"* {_escaped(sentence)}" for sentence in sentences)
    return ["## What stands out", "In the tickets of all files together:", listed]


def _next_steps(answer: Receipt) -> Iterator[str]:
    if answer.status == "accepted":
        yield _ADVICE[answer.verdict.decision]
        return
    yield (
        "Correct what is listed above and drop the file again under the same name: it then replaces this one. "
        "The first line must name the columns: label_urgency (urgent or non-urgent), title or description or both, "
        "and if you have them ticket_id, created_at, source and customer_tier."
    )


def _undo(answer: Receipt) -> Iterator[str]:
    yield f"Delete {_code(answer.file)} from the bucket: the next model is made without its tickets."
    if answer.verdict.decision == "PROMOTE" and answer.verdict.against:
        command = f'urgency rollback --to {answer.verdict.against} --reason "..."'
        yield f"To bring the model before back at once, ask whoever runs the service for {_code(command)}."


def _line_ranges(numbers: Sequence[int]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = ", ".join(f"{a}-{b}" if b > a else f"{a}" for a, b in ranges[:_RANGES_SHOWN])
    hidden = sum(b - a + 1 for a, b in ranges[_RANGES_SHOWN:])
    return f"{'line' if len(numbers) == 1 else 'lines'} {shown}" + (
        f" and {hidden:,} more" if hidden else ""
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _code(text: str) -> str:
    return f"`{_one_line(text).replace('`', chr(39))}`"


def _escaped(text: str) -> str:
    """Headers and file names are strangers' text: they must not become HTML or links."""
    return "".join(
        f"\\{character}" if character in "\\`*<[|" else character for character in _one_line(text)
    )


def _one_line(text: Iterable[str]) -> str:
    return " ".join(
        "".join(character if character.isprintable() else " " for character in text).split()
    )
