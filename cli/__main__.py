"""The `urgency` command. Exit codes: 0 done, 1 the world's fault, 2 the caller's; 3 to 6 are a drop's verdicts."""

from __future__ import annotations

import typer

from cli.demo import demo
from cli.doctor import doctor
from cli.down import down
from cli.drop import drop
from cli.mistake import Mistake
from cli.mlflow import mlflow
from cli.models import models
from cli.predict import predict
from cli.promote import promote
from cli.receipts import receipts
from cli.replay import replay
from cli.resume import resume
from cli.rollback import rollback
from cli.show import complain
from cli.status import status
from cli.train import train
from cli.up import up
from cli.why import why
from urgency.errors import Forbidden, SettingsError, UrgencyError

VERBS = {
    "This machine": (up, down, demo),
    "Every day": (drop, predict, status, receipts, models),
    "Who decides": (train, why, promote, rollback, resume),
    "Looking closer": (doctor, replay, mlflow),
}

app = typer.Typer(
    name="urgency",
    help="Urgent tickets first: drop a CSV, get a better model.\n\n"
    "Without URGENCY_* settings every verb means the stack on this machine; with them a project in the cloud.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel, verbs in VERBS.items():
    for verb in verbs:
        app.command(rich_help_panel=panel)(verb)


def main() -> None:
    """Run one verb and end the process; an error is one sentence on standard error."""
    try:
        app()
    except (Mistake, SettingsError, Forbidden) as error:
        _end(error, 2)
    except (UrgencyError, OSError) as error:
        _end(error, 1)


def _end(error: Exception, exit_code: int) -> None:
    complain(str(error))
    raise SystemExit(exit_code)


if __name__ == "__main__":
    main()
