"""urgency replay: train an old version once more and compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as library_version
from io import StringIO
from typing import TYPE_CHECKING, Annotated

import typer

from cli.show import Json, emit_json, plain, say

if TYPE_CHECKING:
    from cli.context import System
    from urgency.bundle import Manifest
    from urgency.records import Snapshot


@dataclass(frozen=True)
class Replay:
    """How a replay compares: `same` when every digest is equal, else what differs and what may
    explain it.
    """

    version: int
    same: bool
    differs: list[str]
    gone: list[str]
    explanations: list[str]


def replay(
    version: Annotated[int, typer.Argument(min=1, metavar="N", help="The version to make again.")],
    as_json: Json = False,
) -> None:
    """Train version N once more from its snapshot, here, writing nothing: every digest must come
    out the same.

    Exit code 0 when it does, 1 when something differs or files that it was made of are gone.

    Example: urgency replay 1
    """
    from cli.context import reach

    found = replayed(reach(), version)
    if as_json:
        emit_json(found)
    elif found.same:
        say(f"Version {version} comes out the same to the last digest.")
    else:
        for line in (*found.gone, *found.differs, *found.explanations):
            say(plain(line))
    raise typer.Exit(0 if found.same else 1)


def replayed(system: System, version: int) -> Replay:
    """Make a version again and compare it with what is stored. Raises Mistake where there is no
    such version.
    """
    from cli.usage_error import Mistake

    snapshot, manifest = system.registry.snapshot(version), system.registry.manifest(version)
    if snapshot is None or manifest is None:
        raise Mistake(f"There is no version {version}; 'urgency models' lists what there is.")
    gone = list(_gone(system, snapshot))
    explanations = list(_explanations(system, manifest))
    differs = [] if gone else _differences(manifest, _made_again(system, snapshot, manifest))
    return Replay(version, not gone and not differs, differs, gone, explanations)


def _gone(system: System, snapshot: Snapshot) -> Iterator[str]:
    from urgency.errors import Gone

    for file in snapshot.files:
        try:
            system.landing.open_at(file.name, file.generation).close()
        except Gone:
            yield (
                f"{file.name}, generation {file.generation}, was erased: this version cannot be"
                " replayed."
            )


def _made_again(system: System, snapshot: Snapshot, manifest: Manifest) -> Manifest:
    """What training makes of the snapshot today, under the original's name and clock, since the
    card tells both.
    """
    from jobs.training import LandedTrainer
    from urgency.logs import Log

    made_at = datetime.fromisoformat(manifest.created_at)
    trainer = LandedTrainer(
        landing=system.landing,
        registry=system.registry,
        settings=system.settings,
        execution=manifest.execution,
        now=lambda: made_at,
        reached=lambda _point: None,
        log=Log(stream=StringIO()),
    )
    return trainer.train(snapshot, manifest.verdict.against)[0]


def _differences(stored: Manifest, made: Manifest) -> list[str]:
    parts = sorted(stored.parts.keys() | made.parts.keys())
    differs = [
        f"{part} differs." for part in parts if stored.parts.get(part) != made.parts.get(part)
    ]
    if not differs and stored.to_bytes() != made.to_bytes():
        differs.append("The parts are the same, but what the manifest says of them differs.")
    return differs


def _explanations(system: System, manifest: Manifest) -> Iterator[str]:
    from jobs.recipe import recipe_of

    if manifest.recipe != recipe_of(system.settings):
        yield (
            "The recipe is another one now: the model's code or settings changed since; check out"
            " that release."
        )
    for name, was in manifest.libraries.items():
        if library_version(name) != was:
            yield f"{name} is {library_version(name)} here and was {was} then."
