"""Many tickets as CSV or JSON lines, answered row by row: a bad one costs nothing but itself.

An answer has what was sent, in its order, and beside it what is predicted; what is wrong with a row
stands in its `error`. It has the form of what was sent unless `Accept` names another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from service.bodies import Flaw, decoded, flaw
from service.doors.csv_rows import CSV, Found, csv_bytes, csv_rows
from service.doors.door import JSON, Answer, Door, Sent
from service.model_slot import Serving
from service.predict import EXPLAIN_MAX, Prediction, model_name
from service.problems import Problem
from service.tickets import SentTicket, read_ticket
from urgency.reasons import Explanation

JSON_LINES = ("application/jsonl", "application/jsonlines", "application/x-ndjson")
BATCHES = (CSV, *JSON_LINES)

ROWS_MAX = 50_000
"""More than a body holds of tickets with some text."""

MEMBERS_MAX = 100
"""Different members of JSON lines that are answered as CSV: each is a column of every row."""

Pair = tuple[Found, Prediction | None]

_MEMBERS = msgspec.json.Decoder(dict[str, Raw])
_PREDICTED = ("label", "urgent", "probability")


class Batch(Struct):
    """A valid request; `tickets`: those of the rows without an error."""

    tickets: list[SentTicket]
    explain: int
    rows: list[Found]
    media_type: str
    separator: str


def read_lines(sent: Sent, prefer: str = "") -> Batch:
    """The tickets of a body. Raises Problem: 400 and 422 if it is no table of tickets, 413.

    prefer: the media type to answer with, unless the caller wants another; that of the body.
    """
    explain = _explain(sent.arguments)
    separator, found = csv_rows(sent.body) if sent.media_type == CSV else (",", _lines(sent.body))
    batch = Batch([], explain, [], _wanted(sent.accept, prefer or sent.media_type), separator)
    for row in found:
        if len(batch.rows) == ROWS_MAX:
            raise Problem(413, f"More than {ROWS_MAX:,} rows; send them in several requests.")
        batch.rows.append(row if row.error else _read(row, batch.tickets))
    if batch.media_type == CSV != sent.media_type and len(_columns(batch.rows)) > MEMBERS_MAX:
        raise Problem(422, f"Over {MEMBERS_MAX} different members; have them answered as JSON.")
    return batch


def lines_answer(batch: Batch, predictions: list[Prediction], serving: Serving) -> Answer:
    """The rows with their predictions, in the form that is wanted."""
    made = iter(predictions)
    pairs = [(row, None if row.error else next(made)) for row in batch.rows]
    if batch.media_type == JSON:
        each = [prediction or {"error": row.error} for row, prediction in pairs]
        body = {"predictions": each, "model": model_name(serving)}
        return Answer(msgspec.json.encode(body))
    if batch.media_type == CSV:
        return Answer(_table(batch, pairs), f"{CSV}; charset=utf-8")
    lines = [row.sent | _said(row, prediction) for row, prediction in pairs]
    return Answer(msgspec.json.Encoder().encode_lines(lines), batch.media_type)


def lines_door(prefer: str = "") -> Door:
    """A door for BATCHES; `prefer` as in read_lines."""
    return Door(partial(read_lines, prefer=prefer), lines_answer)


def _read(row: Found, tickets: list[SentTicket]) -> Found:
    """The row, with an error if it holds no ticket; else the ticket is added to the others."""
    try:
        tickets.append(read_ticket(row.ticket, is_single=False))
    except Flaw as flaw:
        return row._replace(error=f"{flaw.path}: {flaw.detail}" if flaw.path else flaw.detail)
    except Problem as problem:
        return row._replace(error=problem.detail)
    return row


def _lines(body: bytes) -> Iterator[Found]:
    """A row for each line that is not blank."""
    for line in filter(None, map(bytes.strip, body.removeprefix(b"\xef\xbb\xbf").split(b"\n"))):
        try:
            line.decode()  # a decoder does not look into what it hands on as Raw
            yield Found(decoded(_MEMBERS, line), line)
        except UnicodeDecodeError:
            yield Found({}, b"", "The line is not UTF-8.")
        except msgspec.ValidationError as error:
            yield Found({}, b"", f"The line {flaw(error).detail}")
        except Problem as problem:
            yield Found({}, b"", problem.detail.replace("The body", "The line"))


def _said(row: Found, prediction: Prediction | None) -> dict[str, Any]:
    """What a line says beside what was sent."""
    if prediction is None:
        return {"error": row.error}
    names = (*_PREDICTED, "explanation", "warnings")
    said = {name: getattr(prediction, name) for name in names}
    return {name: value for name, value in said.items() if value is not UNSET}


def _table(batch: Batch, pairs: Iterable[Pair]) -> bytes:
    """CSV: the columns that were sent, and beside them what is said."""
    reasons = ["explanation"] if batch.explain else []
    beside = [*_PREDICTED, *reasons, "warnings", "error"]
    columns = [*(name for name in _columns(batch.rows) if name not in beside), *beside]
    rows = (row.sent | _said(row, prediction) for row, prediction in pairs)
    cells = ([_cell(row.get(name, "")) for name in columns] for row in rows)
    return csv_bytes(columns, cells, batch.separator)


def _columns(rows: Iterable[Found]) -> list[str]:
    return [*dict.fromkeys(chain.from_iterable(row.sent for row in rows))]


def _cell(value: Any) -> str:
    """A value as the text of a cell; an explanation as its reasons."""
    if isinstance(value, str):
        return value
    if isinstance(value, Explanation):
        return "; ".join(f"{reason.word} {reason.weight:+.2f}" for reason in value.reasons)
    if isinstance(value, Raw):
        return _raw_cell(bytes(value))
    if isinstance(value, list):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _raw_cell(value: bytes) -> str:
    """A JSON value: a string as it is, null as nothing, all else as JSON."""
    if value == b"null":
        return ""
    return msgspec.json.decode(value, type=str) if value.startswith(b'"') else value.decode()


def _explain(arguments: Mapping[str, str]) -> int:
    text = arguments.get("explain", "0")
    is_number = text.isascii() and text.isdecimal() and len(text) < 9
    if not (is_number and int(text) <= EXPLAIN_MAX):
        raise Problem(422, f"explain must be a number from 0 to {EXPLAIN_MAX}.")
    return int(text)


def _wanted(accept: str, prefer: str) -> str:
    """The media type that the caller likes best, `prefer` among equals or if none can be had."""
    there = [prefer, JSON, *BATCHES]
    return parse_accept_header(accept, MIMEAccept).best_match(there, default=prefer)
