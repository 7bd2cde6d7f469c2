"""The steps of `jobs.beam_score`: what a worker does with a shard, one step after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from apache_beam.utils.shared import Shared

from jobs.beam_steps import Step
from jobs.console import job_log
from jobs.scoring.layout import Begin, Layout
from jobs.scoring.plan import Request, Shard
from jobs.scoring.run import Job
from jobs.tickets.limits import FileRefused
from urgency.settings import Settings


class Piece(NamedTuple):
    """A shard, and what the steps before found: how its file is read, where its records begin."""

    shard: Shard
    layout: Layout | None = None
    begin: Begin | None = None


@dataclass(frozen=True)
class Work:
    """What every worker is told; a worker has an environment of its own."""

    settings: Settings
    request: Request
    target: str
    execution: str

    def job(self) -> Job:
        """The run as this process reaches it."""
        return Job.of(self.settings, self.execution, job_log(self.execution))


class ShardStep(Step):
    """A step over the shards of a run."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def setup(self) -> None:
        """Reach the run's places, once a worker."""
        self._job = self._work.job()
        self._places = self._job.open(self._work.request, self._work.target)
        self._sources = self._places.sources


class Look(ShardStep):
    """A file's shards -> a piece each, with the file's layout; a refused one is told by Score."""

    def made_of(self, element: Sequence[Shard]) -> Iterator[Piece]:
        """See Step."""
        layout = None
        with suppress(FileRefused):
            layout = self._sources.of(element[0]).layout
        for shard in element:
            yield Piece(shard, layout)


class Link(ShardStep):
    """A piece -> itself by the name of its file, when its link of the chain was made."""

    def made_of(self, element: Piece) -> Iterator[tuple[str, Piece]]:
        """See Step."""
        shard, layout, _ = element
        if layout:
            self._sources.of(shard, layout).prepare(range(shard.number, shard.number + 1))
        yield shard.file.name, element


class Walk(ShardStep):
    """A file's pieces -> the same with their begins: along the chain, link by link."""

    def made_of(self, element: tuple[str, Iterable[Piece]]) -> Iterator[Piece]:
        """See Step."""
        for piece in sorted(element[1], key=lambda piece: piece.shard.number):
            shard, layout, begin = piece
            if layout:
                begin = self._sources.of(shard, layout).begin(shard.number)
            yield Piece(shard, layout, begin)


class Score(ShardStep):
    """A piece -> its place in the run, when its parts are written; threads share the model."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._model = Shared()

    def setup(self) -> None:
        """See ShardStep; the model is loaded once a worker."""
        super().setup()
        plan = self._places.plan
        scorer = self._model.acquire(lambda: self._job.scorer(plan))
        self._task = self._job.task(self._places, scorer)
        self._shards = len(plan.shards())

    def made_of(self, element: Piece) -> Iterator[int]:
        """See Step."""
        shard, layout, begin = element
        if layout:
            self._sources.of(shard, layout).learn(shard.number, begin)
        self._task.score(shard, of=self._shards)
        yield shard.place
