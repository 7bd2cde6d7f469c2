"""Archives scored here, into one file or folder, or by the job in the cloud."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cli.context import System
from cli.runs import Run, Runs
from cli.usage_error import UsageError
from jobs.console import job_log
from jobs.scoring.manifest import Outcome, read_manifest
from jobs.scoring.places import GS, output_at
from jobs.scoring.plan import CSV, JSON_LINES, Request, read_plan
from jobs.scoring.run import Job

ENDINGS = {
    ".csv": (CSV, False),
    ".csv.gz": (CSV, True),
    ".jsonl": (JSON_LINES, False),
    ".jsonl.gz": (JSON_LINES, True),
}
"""How a file of scores is written, by the end of its name."""


@dataclass(frozen=True)
class Wanted:
    """What is to be scored, and where to."""

    source: str
    target: str
    reasons: int
    version: int
    tasks: int = 0


def score_here(system: System, wanted: Wanted) -> Outcome:
    """Score with this machine's processor; `target` is a file, or a folder for a folder.

    What is there is resumed: until the file is whole its parts stand beside it.
    """
    target = Path(wanted.target)
    is_folder = Path(wanted.source).is_dir() or wanted.source.endswith("/")
    form, packed = (CSV, False) if is_folder else _form(target)
    if target.is_file():
        raise UsageError(f"{target} exists; remove it or name another file.")
    parts = target if is_folder else target.with_name(f"{target.name}.parts")
    request = Request(wanted.source, form, packed, wanted.reasons, version=wanted.version)
    who, log = system.who(), job_log("here")
    job = Job(system.bucket, system.registry, system.settings, who, log)
    outcome = job.score(request, str(parts), (0, 1))
    if outcome is None:  # one task has everything
        raise UsageError(f"{parts} holds parts that other tasks are making; wait for them.")
    if not is_folder:
        _join(parts, outcome, target)
    return outcome


def score_there(
    system: System, wanted: Wanted, form: tuple[str, bool], wait: Callable[[Runs, str], Run]
) -> Outcome | None:
    """Start the job and wait; the outcome where it came to an end."""
    if not wanted.source.startswith(GS):
        raise UsageError("The job reads buckets only: copy the archive into one, below in/.")
    name, packed = form
    options = ["--from", wanted.source, "--to", wanted.target, "--format", name]
    options += ["--reasons", str(wanted.reasons), "--version", str(wanted.version)]
    options += ["--gzip"] if packed else []
    runs = system.runs_of(system.settings.score_job)
    wait(runs, runs.start("score", *options, tasks=wanted.tasks))
    output = output_at(wanted.target, system.bucket)
    plan = read_plan(output)
    return read_manifest(plan, output) if plan else None


def shown(outcome: Outcome | None) -> dict[str, object]:
    """The outcome for programs."""
    return {} if outcome is None else asdict(outcome)


def _form(target: Path) -> tuple[str, bool]:
    found = [form for end, form in ENDINGS.items() if target.name.lower().endswith(end)]
    if not found:
        raise UsageError(f"{target} should end in {', '.join(ENDINGS)}: that says what is written.")
    return found[0]


def _join(parts: Path, outcome: Outcome, target: Path) -> None:
    """Make one file of the parts, whole or not at all, and clear them away."""
    half = target.with_name(f".{target.name}.half")
    with half.open("wb") as joined:
        for name in outcome.parts:
            with (parts / name).open("rb") as part:
                shutil.copyfileobj(part, joined)
    half.replace(target)
    shutil.rmtree(parts)
