import json
import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.context import reach
from cli.show import Json, emit_json, plain, say
from cli.usage_error import UsageError
from infra.local.state import home_of
from urgency.bundle import CARD, METRICS, Manifest
from urgency.live_quality import with_live_quality
from urgency.registry import Registry

Version = Annotated[int, typer.Argument(min=1, metavar="N", help="The version.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", "--path", metavar="FILE", help="Write it to this file instead."),
]


def card(version: Version, output: Output = None, as_json: Json = False) -> None:
    """Open the card of version N in the browser: how good it is, with figures, for people.

    Without a display it says where the page lies. --json prints the numbers on it.

    Examples: urgency card 2; urgency card 2 -o card.html
    """
    system = reach()
    if as_json:
        return emit_json(report(system.registry, version))
    folder = home_of(os.environ).root / "cards" / system.settings.project
    where = write_card(system.registry, version, output or folder / f"version-{version}.html")
    opened = not output and has_display(os.environ) and webbrowser.open(where.as_uri())
    open_now = "is open in the browser; it " if opened else ""
    return say(f"The card of version {version} {open_now}lies in {plain(where)}")


def report(registry: Registry, version: int) -> dict[str, Any]:
    """The numbers on a version's card. Raises UsageError."""
    found: dict[str, Any] = json.loads(registry.part(_manifest(registry, version), METRICS))
    return found


def write_card(registry: Registry, version: int, where: Path) -> Path:
    """Write a version's card to a file, whose whole path is returned. Raises UsageError."""
    card = registry.part(_manifest(registry, version), CARD)
    page = with_live_quality(card, registry.live_quality()[1], version)
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_bytes(page)
    return where.resolve()


def has_display(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether a browser could show itself; a terminal's browser would take the terminal."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return platform in ("darwin", "win32") or any(environ.get(name) for name in names)


def _manifest(registry: Registry, version: int) -> Manifest:
    manifest = registry.manifest(version)
    if manifest is None:
        raise UsageError(f"There is no version {version}; 'urgency models' lists all versions.")
    return manifest
