"""Parts: what a shard's rows are written as, each once, with a record of what is in it.

A part is never changed. Its record is written after it, so a task that is tried again passes over
what has a record and makes the rest again; equal bytes find themselves there.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict, dataclass

from jobs.scoring.places import Below
from jobs.scoring.plan import PARTS, Shard
from urgency.bundle import canonical_json, digest
from urgency.errors import CorruptObject
from urgency.writes import Sleep, create_once

PART_CHARACTERS = 16 * 2**20
"""Of a part's text, from which it is full."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file was not read from a line on."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part's record. `rows` count those with an error, `bad`, too; `chunks` as they were read.

    `name` is empty where nothing was written. The last part of a shard is the one with `last`.
    """

    file: str
    name: str
    rows: int
    bad: int
    chunks: int
    size: int
    sha256: str
    last: bool
    refused: Refusal | None = None


def read_part(output: Below, shard: int, number: int) -> Part | None:
    """The record of a part; None before it was written."""
    body = output.read(_record(shard, number))
    return None if body is None else part_of(body)


def part_of(body: bytes) -> Part:
    """A stored record. Raises CorruptObject."""
    try:
        members = json.loads(body)
        refused = members.pop("refused")
        return Part(**members, refused=refused and Refusal(**refused))
    except (ValueError, TypeError, KeyError) as error:
        raise CorruptObject(f"A part's record does not parse: {error!r}.") from None


class PartWriter:
    """Writes the parts of one shard. Raises CorruptObject where others have a part's name.

    ending: of the names, as in `.csv.gz`.   first: number of the first part.
    """

    def __init__(
        self, output: Below, shard: Shard, first: int, *, ending: str, sleep: Sleep
    ) -> None:
        self._output, self._shard, self._number = output, shard, first
        self._ending, self._sleep = ending, sleep
        self._texts: list[str] = []
        self._characters = self._rows = self._bad = self._chunks = 0

    def add(self, text: str, *, rows: int, bad: int) -> Part | None:
        """Take the text of a chunk of rows; the part that became full with it."""
        self._texts.append(text)
        self._characters += len(text)
        self._rows, self._bad, self._chunks = self._rows + rows, self._bad + bad, self._chunks + 1
        return self._written() if self._characters >= PART_CHARACTERS else None

    def finish(self, refused: Refusal | None) -> Part:
        """Write the last part, which may be empty."""
        return self._written(last=True, refused=refused)

    def put_head(self, text: str) -> None:
        """Take what stands above all rows."""
        self._texts.append(text)

    def _written(self, *, last: bool = False, refused: Refusal | None = None) -> Part:
        body = "".join(self._texts).encode("utf-8", "replace")
        if body and self._ending.endswith(".gz"):
            body = gzip.compress(body, 6, mtime=0)  # no time: the same rows are the same bytes
        number = f"part-{self._shard.number:06d}-{self._number:04d}{self._ending}"
        name = f"{self._shard.file.name}/{number}" if body else ""
        part = Part(
            file=self._shard.file.name,
            name=name,
            rows=self._rows,
            bad=self._bad,
            chunks=self._chunks,
            size=len(body),
            sha256=digest(body),
            last=last,
            refused=refused,
        )
        if body:
            self._create(name, body)
        self._create(_record(self._shard.place, self._number), canonical_json(asdict(part)))
        self._texts.clear()
        self._characters = self._rows = self._bad = self._chunks = 0
        self._number += 1
        return part

    def _create(self, name: str, body: bytes) -> None:
        if not create_once(self._output.store, self._output.name(name), body, self._sleep):
            what = f"{self._output.name(name)} holds other bytes than this program makes"
            raise CorruptObject(f"{what}; score into another place.")


def _record(shard: int, number: int) -> str:
    return f"{PARTS}{shard:07d}-{number:04d}.json"
