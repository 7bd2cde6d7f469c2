"""The step of `jobs.beam_features`: what a worker does with a landed file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, NamedTuple

from jobs.beam_steps import Step
from jobs.buckets import buckets_of
from jobs.feature_shards import ShardNames
from jobs.tickets.limits import LIMITS
from jobs.tickets.rules import Rules
from jobs.tickets.shard import shard_of
from urgency.errors import CorruptObject, Gone
from urgency.records import SourceFile
from urgency.settings import Settings
from urgency.store import CloudBucket
from urgency.writes import create_once


class Landed(NamedTuple):
    """A file, and the rules by which it is read."""

    file: SourceFile
    rules: Rules


class Make(Step):
    """A landed file -> the name of its shard, once written; nothing where the file is gone."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def setup(self) -> None:
        """Reach the bucket, once a worker."""
        self._landing, self._names = landing_of(self._settings), ShardNames()

    def made_of(self, element: Landed) -> Iterator[str]:
        """See Step."""
        file, rules = element
        name = self._names.of(file, rules)  # of this worker's code: the image may be an older one
        try:
            body = shard_of(file, partial(opened_at, self._landing), rules, LIMITS)
        except Gone:  # replaced or deleted: it is not of the next snapshot
            return
        if not create_once(self._landing, name, body, time.sleep):
            raise CorruptObject(f"{name} holds other bytes than this program makes; delete it.")
        yield name


def landing_of(settings: Settings) -> CloudBucket:
    """The bucket of landed files."""
    return buckets_of(settings)(settings.landing_bucket)


def opened_at(landing: CloudBucket, file: SourceFile) -> BinaryIO:
    """The bytes of a file."""
    return landing.open_at(file.name, file.generation)
