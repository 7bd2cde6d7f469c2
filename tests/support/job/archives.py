"""Archives that are hard to cut, and runs over them with a model in memory."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from pathlib import Path

from jobs.scoring.manifest import Outcome
from jobs.scoring.places import Store, archive_at, output_at
from jobs.scoring.plan import Request, plan_for
from jobs.scoring.sources import Sources
from jobs.scoring.task import Task
from jobs.tickets.rules import NO_RULES
from tests.support.models import registry_with
from urgency.errors import UrgencyError
from urgency.logs import Log
from urgency.registry import Registry
from urgency.scorer import verified_scorer

HEADER = ("ticket_id", "title", "description", "source", "priority")
_TEXTS = (
    "Production down",
    "multi\nline",
    'say "now"',
    "x,y;z|w\tv",
    "line\n\nT-9,fake,row,web,high\nmore",
    "über größe",
    "",
)
_BROKEN = ('broken "quote,a,b', "one", 'a,b,"open', "a,b", '5" disk,x,y,z,v', '"x"y,a,b,c,d', "")


def csv_text(rows: int, seed: int, *, separator: str = ",", end: str = "\n", bad: float = 0) -> str:
    """A CSV whose cells hold newlines, quotes and separators; a share of its lines is `bad`."""
    chance, text = random.Random(seed), io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(HEADER)
    for number in range(rows):
        description = " ".join(chance.choices(_TEXTS, k=chance.randint(0, 3)))
        writer.writerow([f"T-{number}", chance.choice(_TEXTS), description, "email", "high"])
        if chance.random() < bad:
            text.write(chance.choice(_BROKEN) + "\n")
    return text.getvalue().replace("\n", end)


def run_tasks(
    source: Path | str,
    target: Path | str,
    tasks: Sequence[tuple[int, int]] = ((0, 1),),
    *,
    form: str = "csv",
    gzip: bool = False,
    reasons: int = 0,
    shard_bytes: int = 2**25,
    version: int = 0,
    registry: Registry | None = None,
) -> Outcome | None:
    """Run these tasks one after the other; the outcome that the last one sees."""
    outcome = None
    for index, count in tasks:
        work = task(
            Request(str(source), form, gzip, reasons, shard_bytes, version),
            str(target),
            registry or registry_with(1, 2),
        )
        outcome = work.run(index, count)
    return outcome


def task(request: Request, target: str, registry: Registry) -> Task:
    """A task over folders of this machine."""
    output = output_at(target, _no_buckets)
    archive, files = archive_at(request.source, _no_buckets)
    plan = plan_for(
        request, output, files, registry, execution="test", at="2026-01-01", sleep=_not_at_all
    )
    scorer = verified_scorer(registry.bundle(plan.request.version, plan.manifest_sha256))
    log = Log(stream=io.StringIO())
    sources = Sources(archive, output, NO_RULES, plan.request.shard_bytes, _not_at_all)
    return Task(plan, sources, output, scorer, log, _not_at_all)


def joined(target: Path, file: str) -> bytes:
    """The parts of one file's scores, one after the other."""
    return b"".join(path.read_bytes() for path in sorted((target / file).iterdir()))


def written(target: Path) -> dict[str, bytes]:
    """Every file of a run's output but the plan, which says when it was made."""
    files = (path for path in target.rglob("*") if path.is_file())
    names = {path.relative_to(target).as_posix(): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if not name.startswith(("_plan", "_links"))
    }


def _no_buckets(name: str) -> Store:
    raise UrgencyError(f"no bucket is expected here, and {name} was asked for")


def _not_at_all(_seconds: float) -> None:
    pass
