"""Answers -> CSV or JSON lines: a row's own columns, then what the model says of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from jobs.scoring.answers import ADDED, Answer, error_text, reasons_members, reasons_text

Raw = Callable[[int], str]
"""The text of the line with this number."""


class Writer(Protocol):
    """Makes the text of one file's rows."""

    def head(self) -> str:
        """What stands above the first row."""
        ...

    def rows(self, answers: Iterable[Answer], raw: Raw) -> str:
        """The rows of these answers."""
        ...

    def unread(self, line: int, raw: str, reason: str) -> str:
        """The row of a record that could not be read and is `raw` text."""
        ...


def columns(names: Sequence[str], *, reasons: bool) -> list[str]:
    """Names of all columns: each one's own once; an added one gives way to a name that is taken."""
    taken: list[str] = []
    for number, name in enumerate(names, 1):
        taken.append(_free(name or f"column_{number}", taken, "_again"))
    for name in ADDED:
        if name != "reasons" or reasons:
            taken.append(_free(name, taken, "_scored"))
    return taken


def _free(name: str, taken: Sequence[str], suffix: str) -> str:
    while name in taken:
        name += suffix
    return name


class CsvWriter:
    """RFC 4180 with a newline as its line end, whatever the dialect of the file was."""

    def __init__(self, names: Sequence[str], version: int, *, reasons: bool) -> None:
        self._names, self._version, self._reasons = names, version, reasons

    def head(self) -> str:
        """See Writer."""
        added = columns(self._names, reasons=self._reasons)[len(self._names) :]
        return _csv([[*self._names, *added]])

    def rows(self, answers: Iterable[Answer], raw: Raw) -> str:
        """See Writer."""
        return _csv([one.fields + self._added(one) for one in answers])

    def unread(self, line: int, raw: str, reason: str) -> str:
        """See Writer; what was there stands in the first column."""
        empty = [""] * (len(self._names) - 1 + 3 + self._reasons)
        return _csv([[raw, *empty, error_text(line, reason)]])

    def _added(self, one: Answer) -> list[Any]:
        reasons = [reasons_text(one.reasons)] if self._reasons else []
        if one.probability is None:
            return ["", "", "", *([""] * self._reasons), error_text(one.line, one.error)]
        urgent = "true" if one.urgent else "false"
        return [urgent, f"{one.probability:.6f}", self._version, *reasons, ""]


class JsonWriter:
    """A JSON object a line."""

    def __init__(self, names: Sequence[str], version: int, *, reasons: bool) -> None:
        self._columns, self._version = columns(names, reasons=reasons), version
        self._own, self._reasons = len(names), reasons

    def head(self) -> str:
        """See Writer."""
        return ""

    def rows(self, answers: Iterable[Answer], raw: Raw) -> str:
        """See Writer."""
        return "".join([_json({**self._members(one), **self._added(one)}) for one in answers])

    def unread(self, line: int, raw: str, reason: str) -> str:
        """See Writer."""
        return _json({"raw": raw, self._columns[-1]: error_text(line, reason)})

    def _members(self, one: Answer) -> dict[str, Any]:
        return dict(zip(self._columns[: self._own], one.fields, strict=True))

    def _added(self, one: Answer) -> dict[str, Any]:
        is_scored = one.probability is not None
        values: list[Any] = [one.urgent, one.probability, self._version if is_scored else None]
        if one.probability is not None:
            values[1] = round(one.probability, 6)
        values += [reasons_members(one.reasons)] if self._reasons else []
        values.append(None if is_scored else error_text(one.line, one.error))
        return dict(zip(self._columns[self._own :], values, strict=True))


class NestedJsonWriter(JsonWriter):
    """JSON lines from JSON lines: each object stays as it is, whatever is in it."""

    def rows(self, answers: Iterable[Answer], raw: Raw) -> str:
        """See Writer."""
        return "".join(
            [f"{raw(one.line).rstrip()[:-1]},{_json(self._added(one))[1:]}" for one in answers]
        )


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json(members: dict[str, Any]) -> str:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) + "\n"
