"""The `urgency` command. Exit codes: 0 done, 1 the world's fault, 2 the caller's; 3 to 6 are a
drop's verdicts.
"""

from __future__ import annotations

import typer

from cli.show import complain
from cli.usage_error import Mistake
from cli.verbs.demo import demo
from cli.verbs.doctor import doctor
from cli.verbs.down import down
from cli.verbs.drop import drop
from cli.verbs.mlflow import mlflow
from cli.verbs.models import models
from cli.verbs.predict import predict
from cli.verbs.promote import promote
from cli.verbs.receipts import receipts
from cli.verbs.replay import replay
from cli.verbs.resume import resume
from cli.verbs.rollback import rollback
from cli.verbs.status import status
from cli.verbs.train import train
from cli.verbs.up import up
from cli.verbs.why import why
from urgency.errors import Forbidden, SettingsError, UrgencyError

VERBS = {
    "This machine": (up, down, demo),
    "Every day": (drop, predict, status, receipts, models),
    "Who decides": (train, why, promote, rollback, resume),
    "Looking closer": (doctor, replay, mlflow),
}

app = typer.Typer(
    name="urgency",
    help=(
        "Urgent tickets first: drop a CSV, get a better model.\n\nWithout URGENCY_* settings every"
        " verb means the stack on this machine; with them a project in the cloud."
    ),
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
