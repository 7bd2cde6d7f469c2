import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.context import reach
from cli.show import Json, emit_json, plain, say
from jobs.drift.result import Result
from jobs.drift.run import NEEDED, DriftRun
from urgency.logs import Log
from urgency.settings import read_settings

Page = Annotated[Path | None, typer.Option("--page", help="Write the page with its figures here.")]


def drift(page: Page = None, as_json: Json = False) -> None:
    """Say whether what is scored still looks like what the model was trained on.

    The same check as every night's, made now; nothing is stored. Exit code 0 also where it moved:
    that decides nothing by itself.

    Example: urgency drift --page drift.html
    """
    system = reach()
    observed = system.bucket(read_settings(os.environ, *NEEDED).observed_bucket)
    found = DriftRun(system.registry, observed, Log()).check(datetime.now(UTC))
    if page:
        page.write_text(found.page)
    if as_json:
        return emit_json(found.result.members())
    return _show(found.result)


def _show(result: Result) -> None:
    say(f"[bold]{result.answer}[/]: {plain(result.says)}")
    for name, window in result.windows.items():
        say(f"  {name}: {window.tickets:,} tickets, {window.answer}")
    if result.unreadable:
        say(f"  {result.unreadable:,} lines could not be read and are left out.")
