from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as library_version
from typing import Annotated

import typer

from cli.context import System, reach
from cli.show import Json, emit_json, plain, say
from cli.trainer import trainer_here
from cli.usage_error import UsageError
from jobs.recipe import recipe_of
from urgency.bundle import Manifest
from urgency.errors import Gone
from urgency.records import Snapshot

Version = Annotated[int, typer.Argument(min=1, metavar="N", help="The version to make again.")]


@dataclass(frozen=True)
class Replay:
    """`same` when every digest is equal, else what differs and what may explain it."""

    version: int
    same: bool
    differs: list[str]
    gone: list[str]
    explanations: list[str]


def replay(version: Version, as_json: Json = False) -> None:
    """Train version N again from its snapshot, here, and compare every digest; write nothing.

    Exit code 0 when all are the same, 1 when something differs or its files are gone.

    Example: urgency replay 1
    """
    found = replay_version(reach(), version)
    if as_json:
        emit_json(found)
    elif found.same:
        say(f"Version {version} comes out the same to the last digest.")
    else:
        say(*(plain(line) for line in (*found.gone, *found.differs, *found.explanations)))
    raise typer.Exit(0 if found.same else 1)


def replay_version(system: System, version: int) -> Replay:
    """Make a version again and compare it with what is stored. Raises UsageError."""
    snapshot, manifest = system.registry.snapshot(version), system.registry.manifest(version)
    if snapshot is None or manifest is None:
        raise UsageError(f"There is no version {version}; 'urgency models' lists all versions.")
    gone = list(_gone(system, snapshot))
    explanations = list(_explanations(system, manifest))
    differs = [] if gone else _differences(manifest, _made_again(system, snapshot, manifest))
    return Replay(version, not gone and not differs, differs, gone, explanations)


def _gone(system: System, snapshot: Snapshot) -> Iterator[str]:
    for file in snapshot.files:
        try:
            system.landing.open_at(file.name, file.generation).close()
        except Gone:
            erased = f"{file.name}, generation {file.generation}, was erased"
            yield f"{erased}: this version cannot be replayed."


def _made_again(system: System, snapshot: Snapshot, manifest: Manifest) -> Manifest:
    """What training makes of the snapshot today; execution and time stay, the card shows both."""
    made_at = datetime.fromisoformat(manifest.created_at)
    trainer = trainer_here(system, manifest.execution, lambda: made_at)
    return trainer.train(snapshot, manifest.verdict.against)[0]


def _differences(stored: Manifest, made: Manifest) -> list[str]:
    parts = sorted(stored.parts.keys() | made.parts.keys())
    different = [part for part in parts if stored.parts.get(part) != made.parts.get(part)]
    if not different and stored.to_bytes() != made.to_bytes():
        return ["The parts are the same, but the manifest differs."]
    return [f"{part} differs." for part in different]


def _explanations(system: System, manifest: Manifest) -> Iterator[str]:
    if manifest.recipe != recipe_of(system.settings):
        changed = "The recipe changed: the model's code or settings are others now"
        yield f"{changed}; check out the code of that time."
    for name, then in manifest.libraries.items():
        if (here := library_version(name)) != then:
            yield f"{name} is {here} here and was {then} then."
