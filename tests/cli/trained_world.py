"""A system in memory whose versions were really trained, on a few hundred tickets."""

from __future__ import annotations

from io import StringIO
from itertools import islice
from pathlib import Path

from jobs.protocol.snapshots import list_landing, next_snapshot
from jobs.recipe import recipe_of
from jobs.training import LandedTrainer
from tests.cli.operator_world import NOW, World
from urgency.logs import Log

TICKETS = Path(__file__).parents[2] / "data/tickets.csv"
FILE = "incoming/tickets.csv"


def train(world: World, lines: int) -> None:
    """Drop the first lines of the example tickets, the whole file anew, and train a version."""
    token = next((listed.generation for listed in world.landing.list(FILE)), 0)
    with TICKETS.open() as tickets:
        world.landing.put(FILE, "".join(islice(tickets, lines)).encode(), token)
    files, newest = list_landing(world.landing), world.registry.newest_snapshot()
    snapshot = next_snapshot(newest, files, recipe_of(world.settings), now=NOW, forced_by=None)
    world.registry.create_snapshot(snapshot)
    trainer = LandedTrainer(
        world.landing,
        world.registry,
        world.settings,
        "train-x",
        lambda: NOW,
        lambda _point: None,
        Log(stream=StringIO()),
    )
    manifest, parts = trainer.train(snapshot, 0)
    for body in parts.values():
        world.registry.put_blob(body)
    world.registry.commit(manifest)
