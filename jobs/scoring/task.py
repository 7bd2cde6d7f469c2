"""One task of a run: scores its shards, and finishes the run where it is the last."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import groupby

from jobs.scoring.answers import answers
from jobs.scoring.manifest import Outcome, finish
from jobs.scoring.parts import Part, PartWriter, Refusal, read_part
from jobs.scoring.places import Below
from jobs.scoring.plan import JSON_LINES, Plan, Shard
from jobs.scoring.ranges import Found
from jobs.scoring.sources import Chunks, Source, Sources
from jobs.scoring.writing import CsvWriter, JsonWriter, NestedJsonWriter, Writer
from jobs.tickets.file_report import Problem
from jobs.tickets.limits import FileRefused
from urgency.logs import Log
from urgency.scorer import Scorer
from urgency.writes import Sleep


@dataclass
class Task:
    """A task over the places of its run."""

    plan: Plan
    sources: Sources
    output: Below
    scorer: Scorer
    log: Log
    sleep: Sleep

    def run(self, index: int, count: int) -> Outcome | None:
        """Score what is the share of task `index` of `count`; the run's outcome, if it is whole.

        Tasks have shards that follow each other, so that only the first one's begin has to be
        looked for.
        """
        shards = self.plan.shards()
        mine = shards[len(shards) * index // count : len(shards) * (index + 1) // count]
        if count > 1:
            self._prepare(mine)
        for shard in mine:
            self.score(shard, of=len(shards))
        return finish(self.plan, self.output, self.sleep)

    def _prepare(self, mine: list[Shard]) -> None:
        for _, group in groupby(mine, key=lambda shard: shard.file.name):
            shards = list(group)
            if shards[0].count > 1:
                try:
                    source = self.sources.of(shards[0])
                except FileRefused:
                    continue  # told where its shards are scored
                source.prepare(range(shards[0].number, shards[-1].number + 1))

    def score(self, shard: Shard, of: int) -> None:
        """Write all parts of a shard that are not there yet."""
        there = self._parts_of(shard)
        if there and there[-1].last:
            return
        began = time.process_time()
        rows = bad = 0
        for part in self._new_parts(shard, there):
            rows, bad = rows + part.rows, bad + part.bad
        spent = max(time.process_time() - began, 1e-9)
        self.log.info(
            "shard_scored",
            shard=shard.place + 1,
            shards=of,
            rows=rows,
            bad=bad,
            rows_per_cpu_s=round(rows / spent),
        )

    def _parts_of(self, shard: Shard) -> list[Part]:
        """Those that an earlier attempt wrote."""
        parts: list[Part] = []
        while part := read_part(self.output, shard.place, len(parts)):
            parts.append(part)
            if part.last:
                break
        return parts

    def _new_parts(self, shard: Shard, there: list[Part]) -> list[Part]:
        out = PartWriter(self.output, shard, len(there), ending=self._ending(), sleep=self.sleep)
        parts: list[Part] = []
        try:
            source = self.sources.of(shard)
            writer = self._writer(source)
            if shard.number == 0 and not there:
                out.put_head(writer.head())
            passed_over = sum(part.chunks for part in there)
            with source.chunks(shard) as chunks:
                for number, found in enumerate(chunks):
                    if number >= passed_over and (
                        part := self._added(found, chunks, writer, source, out)
                    ):
                        parts.append(part)
                refused = chunks.refused
        except FileRefused as error:
            refused = Problem(error.line, error.reason)
        return [*parts, out.finish(refused and Refusal(refused.line, refused.reason))]

    def _added(
        self, found: Found, chunks: Chunks, writer: Writer, source: Source, out: PartWriter
    ) -> Part | None:
        """Put a chunk's rows out; the part that became full."""
        item = found.item
        if isinstance(item, Problem):
            raw = "\n".join(chunks.lines(item.line, found.end)).strip("\n")
            return out.add(writer.unread(item.line, raw, item.reason), rows=1, bad=1)
        answered = list(answers(item, source.table, self.scorer, self.plan.request.reasons))
        text = writer.rows(answered, lambda line: chunks.lines(line, line + 1)[0])
        bad = sum(one.probability is None for one in answered)
        return out.add(text, rows=len(answered), bad=bad)

    def _writer(self, source: Source) -> Writer:
        request = self.plan.request
        if request.format != JSON_LINES:
            return CsvWriter(source.names, request.version, reasons=request.reasons > 0)
        kind = NestedJsonWriter if source.is_json else JsonWriter
        return kind(source.names, request.version, reasons=request.reasons > 0)

    def _ending(self) -> str:
        return f".{self.plan.request.format}" + ".gz" * self.plan.request.gzip
