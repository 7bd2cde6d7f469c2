"""Where the shards of landed files lie, and training that takes them instead of reading a file.

They stand in the landing bucket, which holds the same texts: who may read them may read the files.
A shard's name follows from all that decides its bytes, so that a file, a rule or a release of this
program that changed is read anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, field
from typing import BinaryIO

from jobs.recipe import reading_recipe
from jobs.tickets.collector import Collector
from jobs.tickets.file_reading import FileReading, read_into
from jobs.tickets.limits import Limits
from jobs.tickets.rules import Rules
from jobs.tickets.shard import read_shard, take_shard
from urgency.bundle import canonical_json, digest
from urgency.errors import CorruptObject
from urgency.logs import Log
from urgency.records import SourceFile
from urgency.store import ObjectStore

FEATURES = "features/"
_SHOWN = 16  # characters of a recipe in a name


@dataclass(frozen=True)
class ShardNames:
    """The names of shards, as this program makes them."""

    recipe: str = field(default_factory=reading_recipe)

    @property
    def folder(self) -> str:
        """Of all shards that this program can take."""
        return f"{FEATURES}{self.recipe[:_SHOWN]}/"

    def of(self, file: SourceFile, rules: Rules) -> str:
        """The shard of one generation of a file, read by these rules."""
        decides = [self.recipe, astuple(file), asdict(rules)]
        return f"{self.folder}{digest(canonical_json(decides))}.npz"


@dataclass(frozen=True)
class KeptShards:
    """The shards that there are."""

    landing: ObjectStore
    log: Log
    names: ShardNames
    there: frozenset[str]

    @staticmethod
    def of(landing: ObjectStore, log: Log) -> KeptShards:
        """Those of a landing bucket now."""
        names = ShardNames()
        there = frozenset(one.name for one in landing.list(names.folder))
        return KeptShards(landing, log, names, there)

    def read_into(
        self,
        collected: Collector,
        file: SourceFile,
        number: int,
        opened: Callable[[SourceFile], BinaryIO],
        *,
        rules: Rules,
        limits: Limits,
    ) -> FileReading:
        """See `jobs.tickets.file_reading.read_into`, from the file's shard where there is one."""
        name = self.names.of(file, rules)
        try:
            stored = self.landing.get(name) if name in self.there else None
            if stored:
                shard = read_shard(stored.body, file, rules)
                del stored  # as large as the shard; reading goes on to need memory
                self.log.info("shard_taken", file=file.name, shard=name)
                return take_shard(collected, shard, number)
        except CorruptObject as error:
            self.log.warning("shard_refused", file=file.name, shard=name, reason=str(error))
        return read_into(collected, file, number, opened, rules=rules, limits=limits)
