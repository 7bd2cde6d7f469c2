"""What a run says of the serving version's live quality, and when it says nothing."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from jobs.model.honest import HonestScores
from jobs.protocol.live import follow_live_quality
from jobs.protocol.snapshots import next_snapshot
from tests.support.models import GOLDEN_TICKETS, put_model, registry_with, release
from tests.support.storage.memory_store import MemoryStore
from urgency.bundle import HONEST, Manifest
from urgency.feedback import Feedback
from urgency.logs import Log
from urgency.records import SourceFile
from urgency.registry import QUALITY, Registry

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
SAID = Feedback("T-1", "Production down", "", "", "", is_urgent=True, by="ann", at=NOW)
OLD = "feedback/old.jsonl"


class World:
    """A registry whose version 1 serves, and whose snapshot holds one file of feedback."""

    def __init__(self) -> None:
        self.landing, self.written = MemoryStore(), io.StringIO()
        self.registry: Registry = registry_with()
        self.serve(1)

    def serve(self, version: int) -> Manifest:
        self.landing.overwrite(OLD, replace(SAID, title="old").to_line())
        held = [
            SourceFile(one.name, one.generation, one.size, one.crc32c)
            for one in self.landing.list(OLD)
        ]
        snapshot = next_snapshot(None, tuple(held), "recipe", now=NOW, forced_by=None)
        self.registry.create_snapshot(replace(snapshot, n=version))
        honest = HonestScores.of(np.empty(0, np.uint64), np.empty(0, bool), np.empty(0, np.float64))
        blob = self.registry.put_blob(honest.to_bytes())
        manifest = put_model(self.registry, version, metrics={"test": {"recall": 0.9}})
        with_scores = replace(manifest, parts=manifest.parts | {HONEST: blob})
        self.registry.objects.overwrite(  # type: ignore[attr-defined]
            f"models/{version:08d}.json", with_scores.to_bytes()
        )
        release(self.registry, with_scores)
        return with_scores

    def say(self, name: str, *said: bytes) -> None:
        self.landing.overwrite(f"feedback/{name}.jsonl", b"\n".join(said))

    def run(self) -> list[str]:
        """Events of one run."""
        self.written.seek(0)
        self.written.truncate()
        follow_live_quality(self.landing, self.registry, NOW, Log(stream=self.written))
        return [json.loads(line)["message"] for line in self.written.getvalue().splitlines()]

    @property
    def kept(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.registry.live_quality()[1])
        return found


@pytest.fixture
def world() -> World:
    return World()


def test_without_a_version_or_without_new_feedback_there_is_nothing_to_say(world: World) -> None:
    assert world.run() == []
    world.registry = registry_with()
    world.say("new", SAID.to_line())
    assert world.run() == []


def test_new_feedback_is_told_once(world: World) -> None:
    world.say("new", SAID.to_line(), b"{no json", b"{}", replace(SAID, id="é").to_line())
    assert world.run() == ["live_quality"]
    assert (world.kept["version"], world.kept["tickets"], world.kept["found"]) == (1, 1, 1)
    assert world.run() == []
    world.say("newer", replace(SAID, id="T-2", title="Thank you").to_line())
    assert world.run() == ["live_quality"]
    assert world.kept["tickets"] == 2


def test_another_version_is_told_of_anew(world: World) -> None:
    world.say("new", SAID.to_line())
    assert world.run() == ["live_quality"]
    world.serve(2)
    assert world.run() == ["live_quality"]
    assert world.kept["version"] == 2


def test_a_version_that_does_not_load_is_a_warning_and_the_run_goes_on(world: World) -> None:
    for listed in world.registry.objects.list("blobs/"):
        world.registry.objects.overwrite(listed.name, b"x")  # type: ignore[attr-defined]
    world.say("new", SAID.to_line())
    assert world.run() == ["live_quality_unknown"]
    assert QUALITY not in [one.name for one in world.registry.control.list("")]


def test_no_text_is_kept(world: World) -> None:
    world.say("new", SAID.to_line())
    world.run()
    assert not any(
        ticket["title"] and ticket["title"] in str(world.kept) for ticket in GOLDEN_TICKETS
    )
    assert "ann" not in json.dumps(world.kept)
