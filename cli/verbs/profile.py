import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from cli.profiles import CHOSEN, MAKE_ONE, add_profile, profiles, read_profile
from cli.show import Json, console, emit_json, plain, say, table
from cli.usage_error import UsageError

COLUMNS = ("", "profile", "project", "~file")


class Action(StrEnum):
    """What to do with profiles."""

    LIST = "list"
    ADD = "add"


What = Annotated[Action, typer.Argument(help="List them, or add one from standard input.")]
Name = Annotated[str, typer.Argument(metavar="[NAME]", help="The new profile's name.")]


def profile(action: What = Action.LIST, name: Name = "", as_json: Json = False) -> None:
    """List the projects that this command knows by name, or add one.

    A profile holds what Terraform prints as `settings`; 'urgency --project NAME ...' then means
    that project, whatever the shell's environment says. The arrow marks URGENCY_PROFILE.

    Examples: urgency profile; terraform -chdir=infra output -json settings | urgency profile add
    prod
    """
    if action == Action.ADD:
        return _add(name)
    found = [
        {"name": each, "project": read_profile(each, os.environ)["URGENCY_PROJECT"]}
        | {"file": str(file), "chosen": os.environ.get(CHOSEN) == each}
        for each, file in profiles(os.environ).items()
    ]
    if as_json:
        return emit_json(found)
    if not found:
        return say(f"There is no profile yet. Make one: {MAKE_ONE} NAME")
    rows = [
        ("[bold green]▶[/]" if each["chosen"] else "", *(plain(each[name]) for name in _SHOWN))
        for each in found
    ]
    return console().print(table("", COLUMNS, rows))


_SHOWN = ("name", "project", "file")


def _add(name: str) -> None:
    if not name or sys.stdin.isatty():
        raise UsageError(f"Name the profile and pipe its settings in: {MAKE_ONE} NAME")
    file = add_profile(name, sys.stdin.read(), os.environ)
    project = read_profile(name, os.environ)["URGENCY_PROJECT"]
    return say(
        f"The profile [bold]{plain(name)}[/] means project [bold]{plain(project)}[/]; it lies in"
        f" {plain(file)}",
        f"Try: urgency --project {plain(name)} status",
    )
