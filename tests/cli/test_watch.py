"""What is shown while it happens."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.context import Local
from cli.releases import publish_release
from cli.watch import Hop, Watch, begin_watch, hop_printer
from infra.local.state import Home, Stack, Urls
from tests.cli.operator_world import World
from tests.support.models import put_model, release
from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Forbidden


def test_every_hop_of_the_registry_is_shown_in_order_and_once() -> None:
    world, hops = World(), list[Hop]()
    watch = Watch(world.system, hops.append)
    world.drop("a.csv")
    world.reconcile()
    watch.look()
    watch.look()
    assert sorted(hop.stage for hop in hops) == [
        "pointer",
        "reloaded",
        "reloaded",
        "snapshot",
        "trained",
        "verdict",
    ]
    assert [hop.at for hop in hops] == sorted(hop.at for hop in hops)


def test_what_was_before_is_not_shown() -> None:
    world, hops = World(), list[Hop]()
    world.drop("a.csv")
    world.reconcile()
    Watch(world.system, hops.append).look()
    assert hops == []


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


def test_looking_goes_on_until_what_was_released_before_the_end_is_followed() -> None:
    world, hops = World(), list[Hop]()
    watch = Watch(world.system, hops.append)
    looks = itertools.count()

    def has_ended() -> bool:
        """The pointer moves just before the end is seen; instances follow at the third look."""
        look = next(looks)
        if look == 0:
            release(world.registry, put_model(world.registry, 1))
            publish_release(world.system)
        if look == 2:
            world.follow()
        return True

    watch.look_until(has_ended, 30)
    assert [hop.stage for hop in hops] == ["pointer", "reloaded", "reloaded"]


def test_looking_ends_when_the_time_is_over() -> None:
    hops: list[Hop] = []
    Watch(World().system, hops.append).look_until(lambda: False, 0.01)
    assert hops == []


def test_hops_are_printed_with_the_seconds_since_the_printer_was_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show = hop_printer()
    show(Hop(datetime.now(UTC) - timedelta(hours=1), "job", "train [bold]runs[/]"))
    assert capsys.readouterr().out == "   0.00 s  job       train [bold]runs[/]\n"


def test_instances_are_left_alone_until_the_message_is_out() -> None:
    world, hops = World(), list[Hop]()
    watch = Watch(world.system, hops.append)
    release(world.registry, put_model(world.registry, 1))
    world.follow()
    watch.look()
    assert [hop.stage for hop in hops] == ["pointer"]
    publish_release(world.system)
    watch.look()
    assert [hop.stage for hop in hops] == ["pointer", "reloaded", "reloaded"]


def test_the_timeline_shows_what_the_buckets_cannot(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.logs.mkdir()
    _append(home.timeline, hop="message_published", topic="old")
    hops: list[Hop] = []
    watch = Watch(replace(World().system, local=Local(home, _stack(), {})), hops.append)
    _append(home.timeline, hop="object_finalize", object="incoming/a.csv", generation="7")
    _append(home.timeline, hop="object_finalize", object="blobs/sha256/00", generation="8")
    _append(home.timeline, hop="push_delivered", subscription="on-csv-landed", latency_ms=3)
    with home.timeline.open("a") as file:
        file.write('{"half a li')
    watch.look()
    assert [(hop.stage, hop.detail) for hop in hops] == [
        ("landed", "incoming/a.csv, generation 7"),
        ("function", "on-csv-landed took the message in 3 ms"),
    ]


def test_a_line_that_was_half_written_is_shown_when_it_is_whole(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.logs.mkdir()
    hops: list[Hop] = []
    watch = Watch(replace(World().system, local=Local(home, _stack(), {})), hops.append)
    line = _line(hop="job_execution_started", job="train", execution="train-1")
    home.timeline.write_text(line[:10])
    watch.look()
    home.timeline.write_text(line)
    watch.look()
    assert [hop.stage for hop in hops] == ["job"]


def _append(file: Path, **facts: Any) -> None:
    with file.open("a") as lines:
        lines.write(_line(**facts))


def _line(**facts: Any) -> str:
    return json.dumps({"time": "2026-01-02T03:04:05.000Z", "who": "x", **facts}) + "\n"


def _stack() -> Stack:
    return Stack(1, Urls("http://p", "http://s", [], {}), "2026-01-02T03:04:05+00:00", "", {}, {})


def test_who_may_not_read_the_registry_waits_for_the_end_alone() -> None:
    def refuse(_when: object) -> None:
        raise Forbidden("an uploader may not read the registry")

    world, hops = World(objects=MemoryStore(refuse), control=MemoryStore(refuse)), list[Hop]()
    asked = itertools.count()
    watch = begin_watch(world.system, hops.append)
    watch.look_until(lambda: next(asked) == 2, 60.0)
    assert [hop.stage for hop in hops] == ["waiting"]
    assert next(asked) == 3


def test_who_may_read_it_watches() -> None:
    assert isinstance(begin_watch(World().system, lambda _hop: None), Watch)
