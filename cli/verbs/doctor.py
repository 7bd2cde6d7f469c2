from datetime import UTC, datetime

import typer

from cli.checks import CHECKS, examine
from cli.context import reach
from cli.show import Json, emit_json, plain, say


def doctor(as_json: Json = False) -> None:
    """Check data, models, pointer, messages, receipts and instances; change nothing.

    Each finding says what it is, why it matters and what to do. Exit code 0 when all is well, 1
    with findings.

    Example: urgency doctor
    """
    system = reach()
    findings = examine(system, datetime.now(UTC))
    if as_json:
        checks = [check.__name__ for check in CHECKS]
        emit_json({"clean": not findings, "checks": checks, "findings": findings})
    elif not findings:
        say(f"[green]All is well[/] in the {plain(system.place)}: {len(CHECKS)} checks.")
    for finding in [] if as_json else findings:
        say(
            f"[bold red]•[/] [bold]{plain(finding.what)}[/]",
            f"  {plain(finding.why)}",
            f"  → {plain(finding.todo)}",
        )
    raise typer.Exit(1 if findings else 0)
