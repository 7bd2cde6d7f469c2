"""The verbs by panel. Help reads their files; a verb is imported when it is called."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

PANELS = {
    "This machine": ("up", "down", "demo"),
    "Every day": (
        *("drop", "predict", "score", "feedback", "label", "status", "receipts", "ls", "rm"),
        "models",
    ),
    "Who decides": ("train", "why", "card", "compare", "quality", "promote", "rollback", "resume"),
    "Looking closer": (
        *("doctor", "drift", "logs", "dead-letters", "replay", "mlflow", "profile"),
    ),
}
"""Panel of the help -> its verbs: files of cli/verbs with a function of the same name, with `_` for
`-`."""

VERBS = Path(__file__).with_name("verbs")


class VerbGroup(TyperGroup):
    """Verbs that stand for their files until one is called."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb as the list of verbs shows it; None where there is none."""
        command = super().get_command(ctx, cmd_name)
        if command:
            command.help = verb_help(cmd_name)
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Name, command and remaining arguments of the verb that is called."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load_verb(str(name)), rest


def load_verb(name: str) -> Any:
    """The command made of `cli.verbs.<name>`, which is imported."""
    app = typer.Typer(add_completion=False)
    function = name.replace("-", "_")
    app.command(name)(getattr(import_module(f"cli.verbs.{function}"), function))
    return typer.main.get_command(app)


def verb_help(name: str) -> str:
    """The docstring of a verb's function, which is read and not imported."""
    function = name.replace("-", "_")
    for node in ast.parse((VERBS / f"{function}.py").read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return ast.get_docstring(node) or ""
    return ""
