import time
from collections.abc import Callable
from typing import Annotated

import typer

from cli.context import System, reach, reach_to_change
from cli.runs import Run, Runs
from cli.scoring import Wanted, score_here, score_there, shown
from cli.show import Json, emit_json, plain, print_error, say
from jobs.scoring.manifest import Outcome
from jobs.scoring.places import GS
from jobs.scoring.plan import CSV, JSON_LINES

Source = Annotated[str, typer.Argument(metavar="FILE | gs://...", help="The archive.")]
Output = Annotated[str, typer.Option("-o", "--output", metavar="OUT", help="A file, or gs://...")]
Reasons = Annotated[int, typer.Option(min=0, max=50, help="Reasons for each ticket.")]
Version = Annotated[int, typer.Option(min=0, help="Another version than the champion.")]
Tasks = Annotated[int, typer.Option(min=0, help="Tasks of the job; 0: as Terraform says.")]
AsJsonLines = Annotated[bool, typer.Option("--jsonl", help="In a bucket: JSON lines, not CSV.")]
Gzip = Annotated[bool, typer.Option("--gzip", help="In a bucket: pack the scores.")]


def score(
    source: Source,
    output: Output,
    *,
    reasons: Reasons = 0,
    version: Version = 0,
    tasks: Tasks = 0,
    jsonl: AsJsonLines = False,
    gzip: Gzip = False,
    as_json: Json = False,
) -> None:
    """Score an archive of tickets: each row comes back with urgent, probability, version, error.

    A file is scored here; OUT ends in .csv, .jsonl, .csv.gz or .jsonl.gz. From a bucket to a bucket
    the job scores, in many tasks. Started again, what was cut off goes on. Exit code 2: a file
    could not be read to its end.

    Examples: urgency score data/bad.csv -o scored.csv; urgency score gs://B/in/2025 -o
    gs://B/scored/2025 --tasks 20
    """
    system = reach_to_change() if output.startswith(GS) else reach()
    wanted = Wanted(source, output, reasons, version, tasks)
    if output.startswith(GS):
        form = (JSON_LINES if jsonl else CSV, gzip)
        outcome = score_there(system, wanted, form, _waiter(system, quiet=as_json))
    else:
        outcome = score_here(system, wanted)
    emit_json(shown(outcome)) if as_json else _tell(outcome, output)
    raise typer.Exit(1 if outcome is None else 2 if outcome.refused else 0)


def _tell(outcome: Outcome | None, output: str) -> None:
    if outcome is None:
        return print_error("It did not come to its end; the same command goes on where it was.")
    say(
        f"Scored [bold]{outcome.rows:,}[/] rows with version {outcome.version},"
        f" {outcome.bad:,} with an error: {plain(output)}"
    )
    for sentence in outcome.refused:
        print_error(sentence)
    return None


def _waiter(system: System, *, quiet: bool) -> Callable[[Runs, str], Run]:
    def wait(runs: Runs, name: str) -> Run:
        if not quiet:
            say(f"Run [bold]{plain(name)}[/] is started.")
        while (found := runs.find(name)).state == "running":
            time.sleep(system.pause_s)
        if not quiet:
            say(f"It {found.state}.")
        return found

    return wait
