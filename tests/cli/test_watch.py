"""What is told while it happens."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.context import Local
from cli.releases import publish_release
from cli.watch import Hop, Watch
from infra.local.state import Home, Stack, Urls
from tests.cli.operator_world import World
from tests.support.models import put_model, release


def test_every_hop_of_the_registry_is_told_in_order_and_once() -> None:
    world, told = World(), list[Hop]()
    watch = Watch(world.system, told.append)
    world.drop("a.csv")
    world.reconcile()
    watch.look()
    watch.look()
    assert sorted(hop.stage for hop in told) == [
        "pointer",
        "reloaded",
        "reloaded",
        "snapshot",
        "trained",
        "verdict",
    ]
    assert [hop.at for hop in told] == sorted(hop.at for hop in told)


def test_what_was_before_is_not_told() -> None:
    world, told = World(), list[Hop]()
    world.drop("a.csv")
    world.reconcile()
    Watch(world.system, told.append).look()
    assert told == []


def test_only_instances_that_follow_the_last_move_settle_it() -> None:
    world = World()
    world.drop("a.csv")
    world.reconcile()
    watch = Watch(world.system, lambda _hop: None)
    world.drop("b.csv")
    world.reconcile()
    world.service.epochs["http://two"] = 1
    watch.look()
    assert not watch.is_settled
    world.follow()
    watch.look()
    assert watch.is_settled


def test_instances_are_left_alone_until_the_message_is_out() -> None:
    world, told = World(), list[Hop]()
    watch = Watch(world.system, told.append)
    release(world.registry, put_model(world.registry, 1))
    world.follow()
    watch.look()
    assert [hop.stage for hop in told] == ["pointer"]
    publish_release(world.system)
    watch.look()
    assert [hop.stage for hop in told] == ["pointer", "reloaded", "reloaded"]


def test_the_timeline_tells_what_the_buckets_cannot(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.logs.mkdir()
    _append(home.timeline, hop="message_published", topic="old")
    told: list[Hop] = []
    watch = Watch(replace(World().system, local=Local(home, _stack(), {})), told.append)
    _append(home.timeline, hop="object_finalize", object="incoming/a.csv", generation="7")
    _append(home.timeline, hop="object_finalize", object="blobs/sha256/00", generation="8")
    _append(home.timeline, hop="push_delivered", subscription="on-csv-landed", latency_ms=3)
    with home.timeline.open("a") as file:
        file.write('{"half a li')
    watch.look()
    assert [(hop.stage, hop.detail) for hop in told] == [
        ("landed", "incoming/a.csv, generation 7"),
        ("function", "on-csv-landed took the message in 3 ms"),
    ]


def test_a_line_that_was_half_written_is_told_when_it_is_whole(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.logs.mkdir()
    told: list[Hop] = []
    watch = Watch(replace(World().system, local=Local(home, _stack(), {})), told.append)
    line = _line(hop="job_execution_started", job="train", execution="train-1")
    home.timeline.write_text(line[:10])
    watch.look()
    home.timeline.write_text(line)
    watch.look()
    assert [hop.stage for hop in told] == ["job"]


def _append(file: Path, **facts: Any) -> None:
    with file.open("a") as lines:
        lines.write(_line(**facts))


def _line(**facts: Any) -> str:
    return json.dumps({"time": "2026-01-02T03:04:05.000Z", "who": "x", **facts}) + "\n"


def _stack() -> Stack:
    return Stack(1, Urls("http://p", "http://s", [], {}), "2026-01-02T03:04:05+00:00", "", {}, {})
