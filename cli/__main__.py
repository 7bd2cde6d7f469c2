"""The `urgency` command.

Exit codes: 0 done, 1 temporary: try again, or it found something, 2 correct the call or the
settings, 3 to 6 the verdict of a drop.
"""

import os
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from cli.show import print_error
from cli.usage_error import UsageError, not_installed
from cli.verb_group import PANELS, VerbGroup
from urgency.errors import Forbidden, SettingsError, UrgencyError

app = typer.Typer(
    name="urgency",
    cls=VerbGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for panel, verbs in PANELS.items():
    for verb in verbs:
        app.command(verb, rich_help_panel=panel)(lambda: None)  # loaded when it is called


def _print_version(wanted: bool) -> None:
    if wanted:
        print(installed_version("ticket-urgency"))
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
]


Project = Annotated[
    str,
    typer.Option(
        envvar="URGENCY_PROFILE", metavar="NAME", help="A project in the cloud: see profile."
    ),
]


@app.callback()
def urgency(project: Project = "", version: Version = False) -> None:
    """Urgent tickets first: drop a file, get a better model.

    Every verb means the stack on this machine, unless --project or URGENCY_* settings in the
    environment name a project in the cloud.
    """
    os.environ["URGENCY_PROFILE"] = project


def main() -> None:
    """Run one verb and end the process; an error is one sentence on standard error."""
    try:
        app()
    except ModuleNotFoundError as error:
        _end(not_installed(error.name), 2)
    except (UsageError, SettingsError, Forbidden) as error:
        _end(error, 2)
    except (UrgencyError, OSError) as error:
        _end(error, 1)


def _end(error: Exception, exit_code: int) -> None:
    print_error(str(error))
    raise SystemExit(exit_code)


if __name__ == "__main__":
    main()
