"""A receipt in plain words, for the people who dropped the file and know only the bucket."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from jobs.model.per_hundred import sentence, tells
from jobs.report.markdown import bullets, code, escaped, fenced, sentence_of
from jobs.report.receipts import Receipt
from jobs.tickets.file_report import FileReport, ReadAs
from jobs.tickets.rules import LABEL
from urgency.bundle import Verdict

_RANGES_SHOWN, _VALUES_SHOWN = 20, 12
_ROLES = {
    "ticket_id": "id",
    "created_at": "date",
    "updated_at": "date of update",
    "customer_tier": "tier",
    LABEL: "label",
}
_ORDER = ("title", "description", "source", *_ROLES)
"""Roles as they are told: texts first, the label last, since its values follow."""

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

_ANSWERS = {
    "column": (
        "a column is title, description, label_urgency, ticket_id, created_at, updated_at, source,"
        " customer_tier or ignore"
    ),
    "label": "a label is urgent or non-urgent (nothing between the commas is a blank label)",
}
"""First cell of a mapping.csv's row -> what its last cell may be."""


def receipt_markdown(receipt: Receipt) -> bytes:
    """The page in Markdown.

    Where no row was taken it speaks of the file alone and not of the model.
    """
    report, is_used = receipt.report, _is_used(receipt.report)
    at = datetime.fromisoformat(receipt.at).astimezone(UTC)
    read_on = f"read on {at.day} {at:%B %Y} at {at:%H:%M} UTC."
    version = f", version {receipt.version}" if is_used else ""
    sections: tuple[Iterable[str], ...] = (
        [f"# {_headline(report)}"],
        [f"File {code(report.file)}, {report.size_bytes:,} bytes, {read_on}"],
        _how_it_was_read(report),
        _rows(report),
        _not_taken(report),
        _questions(report),
        _model(receipt) if is_used else [],
        ["## What to do now", *_next_steps(receipt)],
        ["## To undo this", *_undo(receipt)] if is_used else [],
        [f"Generation {report.generation}, snapshot {receipt.snapshot}{version}."],
    )
    return ("\n\n".join(text for section in sections for text in section) + "\n").encode()


def read_as_sentence(read_as: ReadAs) -> str:
    """How a file was read, in one line."""
    found = sorted(read_as.columns.items(), key=lambda column: _ORDER.index(column[0]))
    named = [(name, _ROLES.get(role, role)) for role, name in found]
    verbs = ("is the", *["the"] * len(named))
    roles = [
        f"{escaped(name)} {verb} {role}" for (name, role), verb in zip(named, verbs, strict=False)
    ]
    header = f"header in line {read_as.header_line:,}" if read_as.header_line else ""
    where = [read_as.encoding, read_as.kind, header]
    sentence = "; ".join(filter(None, [", ".join(filter(None, where)), ", ".join(roles)]))
    if read_as.urgent or read_as.other:
        sentence += f": {_values(read_as.urgent)} urgent, {_values(read_as.other)} not"
    return f"Read as: {sentence}."


def _values(values: dict[str, int]) -> str:
    by_rows = sorted(values.items(), key=lambda value: (-value[1], value[0]))
    shown = [f"{escaped(value)} {rows:,}" for value, rows in by_rows[:_VALUES_SHOWN]]
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


def _is_used(report: FileReport) -> bool:
    """Whether anything of the file reached the model."""
    return report.status in ("accepted", "partly")


def _how_it_was_read(report: FileReport) -> Iterator[str]:
    if report.read_as:
        yield read_as_sentence(report.read_as)
    yield from (sentence_of(note) for note in report.notes)


def _rows(report: FileReport) -> Iterator[str]:
    yield "## Rows"
    yield _row_counts(report)
    if report.unread_dates and _is_used(report):
        dates = _count(report.unread_dates, "date")
        yield f"{dates} could not be read; such a row counts as one without a date."
    if report.replaced:
        files = [f"{_count(n, 'ticket')} of {code(name)}" for name, n in report.replaced.items()]
        yield f"Rows of this file replace older ones: {', '.join(files)}."
    if report.columns_ignored:
        yield f"Columns that are not used: {', '.join(map(code, report.columns_ignored))}."


def _row_counts(report: FileReport) -> str:
    if not report.records:
        return "No row was taken: the file is set aside as a whole. It stays in the bucket."
    counts = (
        (report.quarantined, "not taken"),
        (report.duplicate, "left out because a newer row or file holds the same ticket"),
        (report.unlabelled, "without a label yet"),
    )
    parts = [f"{report.accepted:,} taken"] + [f"{n:,} {what}" for n, what in counts if n]
    return f"{_count(report.records, 'row')}: {', '.join(parts)}."


def _not_taken(report: FileReport) -> Iterator[str]:
    if not report.problems:
        return
    lines: dict[str, list[int]] = {}
    for problem in report.problems:
        lines.setdefault(problem.reason, []).append(problem.line)
    yield "## What was not taken, and why" if report.records else "## Why it was set aside"
    yield "Line 1 is the first line of the file."
    yield bullets(f"{_line_ranges(at)}: {escaped(reason)}" for reason, at in lines.items())
    if report.more:
        yield f"{_count(report.more, 'more row')} could not be taken."


def _questions(report: FileReport) -> Iterator[str]:
    if not report.questions:
        return
    yield "## Questions to you"
    beside = "into a file named `mapping.csv` and drop it into the same folder as this file"
    if all(row.endswith(",") for row in report.questions):
        kinds = {row.partition(",")[0] for row in report.questions}
        roles = [answer for kind, answer in _ANSWERS.items() if kind in kinds]
        yield (
            f"Copy these lines {beside}. Write behind the last comma of each line what it is:"
            f" {'; '.join(roles)}. Leave out the lines that you do not need."
        )
    else:
        yield f"Is that meant? Then copy these lines {beside}."
    yield fenced(report.questions)
    yield "A `mapping.csv` holds for its folder and all folders below."


def _model(receipt: Receipt) -> Iterator[str]:
    yield "## The model"
    against = receipt.verdict.against
    before = f"version {against} goes on answering" if against else "no model answers yet"
    yield _DECISIONS[receipt.verdict.decision].format(version=receipt.version, before=before)
    reasons, _ = _reasons_and_advice(receipt.verdict)
    if receipt.test.get("rows") and not any(map(tells, reasons)):
        reasons = (sentence(receipt.test), *reasons)
    yield bullets(map(escaped, reasons)) or "No reason was recorded."


def _reasons_and_advice(verdict: Verdict) -> tuple[tuple[str, ...], str]:
    """What the gate says of the model, and what it says to do: the last of three sentences."""
    if len(verdict.reasons) < 3:
        return verdict.reasons, _ADVICE[verdict.decision]
    return verdict.reasons[:-1], verdict.reasons[-1]


def _next_steps(receipt: Receipt) -> Iterator[str]:
    report = receipt.report
    if report.status == "accepted":
        yield escaped(_reasons_and_advice(receipt.verdict)[1])
    elif report.questions:
        yield (
            "Answer the questions above, then drop this file again under the same name: it gets a"
            " new receipt."
        )
    else:
        yield (
            "Correct what is listed above and drop the file again under the same name: it then"
            " replaces this one."
        )
    if report.unlabelled:
        yield "Rows without a label count once a newer file brings their label."
    if not report.read_as and not report.file.lower().endswith("/mapping.csv"):
        yield (
            "A file of tickets needs a line that names its columns: a title or description, a"
            " label (priority or urgency), and if you have them an id, a date, a source and a"
            " customer tier. If this is no file of tickets, delete it."
        )


def _undo(receipt: Receipt) -> Iterator[str]:
    file, against = code(receipt.report.file), receipt.verdict.against
    yield f"Delete {file} from the bucket: the next model is made without it."
    if receipt.verdict.decision == "PROMOTE" and against:
        command = code(f'urgency rollback --to {against} --reason "..."')
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


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
