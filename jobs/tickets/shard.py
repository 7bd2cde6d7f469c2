"""A file's tickets as another machine read them: all that reading it adds to a training, as arrays.

A shard says what `read_into` would have done, so a model is the same whoever read its files. It
holds the hash of each word in its order, which gives a text away to who has a dictionary, and the
texts that a sample may need: it has to be kept as closely as the file itself.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.tickets.collector import Collector
from jobs.tickets.columns import Flags, Hashes, Numbers
from jobs.tickets.file_reading import UNREADABLE, FileReading, read_into
from jobs.tickets.file_report import Problem, ReadAs
from jobs.tickets.growing import Growing
from jobs.tickets.limits import Limits
from jobs.tickets.rules import Rules
from jobs.tickets.split import mixed
from jobs.tickets.texts import SAMPLE, SLACK, Texts
from urgency.batch import Words, words_of
from urgency.errors import CorruptObject
from urgency.records import SourceFile

SCHEMA = 1
_COLUMN = "column."  # begins the names of arrays with a number for each row that is taken
_TOLD = (
    *("problems", "notes", "questions", "quarantined", "unlabelled", "unread_dates"),
    *("columns_ignored", "read_as", "is_refused"),
)
"""What a shard tells of a FileReading."""

_OF_TEXTS = ("chunks", "split_key", "marked", "stem", "counts")
"""Names of HashedTexts and of a shard's arrays."""


class HashedTexts(Texts):
    """The texts of one file that is read alone: the words of all its rows, and which are kept."""

    def __init__(self) -> None:
        super().__init__(most=0)
        self._begin()

    def _begin(self) -> None:
        self.chunks, self.split_key = Growing("q"), Growing("Q")
        self.marked, self.stem, self.counts = Growing("I"), Growing("I"), Growing("i")
        self.sample: dict[int, tuple[str, str]] = {}
        self.kept: Flags | None = None

    def add(
        self, row: Numbers, title: Sequence[str], description: Sequence[str], split_key: Hashes
    ) -> None:
        """See Texts. After `keep` it is another attempt at the file, which begins anew."""
        if self.kept is not None:
            self._begin()
        texts = [*zip(title, description, strict=True)]
        words = words_of(texts, stems=True)
        self.chunks.add(np.array([len(row)]))
        self.split_key.add(split_key)
        self.marked.add(words.marked)
        self.stem.add(words.all_stems)
        self.counts.add(words.counts.ravel())
        self.sample |= zip(row.tolist(), texts, strict=True)
        if len(self.sample) > 2 * SLACK * SAMPLE:
            self.shrink_sample()

    def keep(self, begin: int, kept: Flags) -> None:
        """See Texts."""
        assert begin == 0  # noqa: S101  there is no other file
        self.kept = kept

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Of all rows, in their order."""
        growing = {name: getattr(self, name) for name in _OF_TEXTS}
        kept = np.ones(len(self.split_key), bool) if self.kept is None else self.kept
        return {name: one.values for name, one in growing.items()} | {"kept": kept}

    def shrink_sample(self) -> None:
        """Forget texts that no sample can hold.

        Texts holds SLACK * SAMPLE at most, and of this file alone more have a smaller hash.
        """
        place = int(SLACK * SAMPLE)
        if len(self.sample) > place:
            rows = np.array([*self.sample])
            hashes = mixed(self.split_key.values[rows])
            chosen = rows[hashes <= np.partition(hashes, place)[place]]
            self.sample = {row: self.sample[row] for row in chosen.tolist()}


class Shard(NamedTuple):
    """What is in a shard. `arrays`: columns of rows that are taken, and of all rows their texts."""

    reading: FileReading
    values: list[str]
    sample: dict[int, tuple[str, str]]
    arrays: Mapping[str, NDArray[Any]]


def shard_of(
    file: SourceFile, opened: Callable[[SourceFile], BinaryIO], rules: Rules, limits: Limits
) -> bytes:
    """Read a file; its shard. Raises CorruptObject where storage does not deliver the file."""
    texts = HashedTexts()
    columns = Collector(texts)
    reading = read_into(columns, file, 0, opened, rules=rules, limits=limits)
    if reading.is_refused and reading.problems[0].reason == UNREADABLE:
        raise CorruptObject(f"{file.name}: {UNREADABLE}")
    texts.shrink_sample()
    taken = {f"{_COLUMN}{name}": values for name, values in columns.arrays().items()}
    about = np.frombuffer(_about(reading, columns, texts), np.uint8)
    arrays: dict[str, Any] = {"about": about, **texts.arrays(), **taken}
    body = io.BytesIO()
    np.savez(body, **arrays)
    return body.getvalue()


def _about(reading: FileReading, columns: Collector, texts: HashedTexts) -> bytes:
    """What a shard holds besides numbers."""
    told = {name: getattr(reading, name) for name in _TOLD}
    told["read_as"] = reading.read_as and asdict(reading.read_as)
    sample = [[row, *text] for row, text in texts.sample.items()]
    about = {"schema": SCHEMA, "told": told, "values": columns.values, "sample": sample}
    return json.dumps(about).encode()


def read_shard(body: bytes, file: SourceFile, rules: Rules) -> Shard:
    """What is in the shard of a file. Raises CorruptObject."""
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = json.loads(arrays.pop("about").tobytes())
        _expect_whole(about, arrays)
        sample = {row: (title, description) for row, title, description in about["sample"]}
        return Shard(_reading(about["told"], file, rules), about["values"], sample, arrays)
    except Exception as error:  # noqa: BLE001  zip, npy, json and numpy each raise their own
        raise CorruptObject(f"it does not parse: {type(error).__name__}") from None


def _reading(told: dict[str, Any], file: SourceFile, rules: Rules) -> FileReading:
    told["problems"] = [Problem(*one) for one in told["problems"]]
    told["columns_ignored"] = tuple(told["columns_ignored"])
    told["read_as"] = told["read_as"] and ReadAs(**told["read_as"])
    return FileReading(file, rules, **told)


def _expect_whole(about: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError where arrays do not have a number for each row, each word."""
    rows = int(arrays["chunks"].sum())
    sizes = {"split_key": rows, "kept": rows, "counts": 2 * rows}
    sizes |= dict.fromkeys(("marked", "stem"), int(arrays["counts"].sum()))
    taken = int(arrays["kept"].sum())
    sizes |= {name: taken for name in arrays if name.startswith(_COLUMN)}
    if about["schema"] != SCHEMA or any(len(arrays[name]) != size for name, size in sizes.items()):
        raise ValueError


def take_shard(columns: Collector, shard: Shard, number: int) -> FileReading:
    """Do to `columns` what `read_into` does with the file of this number."""
    begin, arrays = len(columns), shard.arrays
    words = Words(arrays["marked"], arrays["counts"].reshape(-1, 2), arrays["stem"])
    ends = np.append(0, arrays["chunks"].cumsum()).tolist()
    parts = words.parts(ends)
    for (first, end), part in zip(pairwise(ends), parts, strict=True):
        texts = [shard.sample.get(row, ("", "")) for row in range(first, end)]
        title, description = zip(*texts, strict=True)
        row = np.arange(begin + first, begin + end)
        columns.texts.add_hashed(row, title, description, arrays["split_key"][first:end], part)
    if not arrays["kept"].all():
        columns.texts.keep(begin, arrays["kept"])
    taken = {
        name.removeprefix(_COLUMN): values
        for name, values in arrays.items()
        if name.startswith(_COLUMN)
    }
    columns.add_file(number, taken, shard.values)
    return shard.reading
