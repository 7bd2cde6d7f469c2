"""One suite for every ObjectStore: what the protocol may rely on, wherever the bucket is."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.storage import store_worlds
from tests.support.storage.store_worlds import World
from urgency.errors import Conflict, CorruptObject, Gone
from urgency.store import ABSENT, UNCHANGED, Versioned

WORLDS = {
    "memory": store_worlds.memory,
    "pocket": store_worlds.pocket_cloud,
    "fake-gcs-server": store_worlds.fake_gcs_server,
}

KNOWN_DIFFERENCES = {
    "test_altered_bytes_are_never_handed_over_as_good": (
        "fake-gcs-server",
        "nobody can alter its memory from outside",
    ),
    "test_every_generation_that_is_still_kept_is_listed_deleted_ones_too": (
        "fake-gcs-server",
        "it knows versions=true, and Google's client sends versions=True",
    ),
    "test_what_was_replaced_or_deleted_meanwhile_is_not_deleted": (
        "fake-gcs-server",
        "it deletes whatever the condition says",
    ),
}
"""Test -> where it fails and why. It runs all the same: a difference that is gone is a failure."""


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "fake-gcs-server" and store_worlds.fake_gcs_binary() is None:
        pytest.skip("fake-gcs-server not found")
    place, reason = KNOWN_DIFFERENCES.get(request.function.__name__, ("", ""))
    if place == request.param:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    with WORLDS[request.param](tmp_path) as world:
        yield world


def test_an_absent_object_is_none(world: World) -> None:
    assert world.store().get("nothing") is None


def test_what_was_put_is_what_one_gets(world: World) -> None:
    token = world.store().put("a", b"body", ABSENT)
    assert world.store().get("a") == Versioned(token, b"body")


def test_an_empty_object_is_an_object(world: World) -> None:
    store = world.store()
    token = store.put("a", b"", ABSENT)
    assert store.get("a") == Versioned(token, b"")
    assert store.open_at("a", token).read() == b""


def test_the_current_token_is_unchanged_and_another_is_not(world: World) -> None:
    store = world.store()
    old = store.put("a", b"1", ABSENT)
    assert store.get_if_changed("a", old) is UNCHANGED
    new = store.put("a", b"2", old)
    assert store.get_if_changed("a", old) == Versioned(new, b"2")


def test_create_once_has_one_winner_among_sixteen(world: World) -> None:
    winners, losers = _race(world, [b"%d" % racer for racer in range(16)], ABSENT)
    assert len(winners) == 1
    assert len(losers) == 15
    assert world.store().get("contested") == winners[0]


def test_compare_and_swap_has_one_winner_among_sixteen(world: World) -> None:
    token = world.store().put("contested", b"before", ABSENT)
    winners, losers = _race(world, [b"%d" % racer for racer in range(16)], token)
    assert len(winners) == 1
    assert len(losers) == 15
    assert world.store().get("contested") == winners[0]


def test_a_stale_token_changes_nothing(world: World) -> None:
    store = world.store()
    old = store.put("a", b"1", ABSENT)
    new = store.put("a", b"2", old)
    with pytest.raises(Conflict):
        store.put("a", b"3", old)
    with pytest.raises(Conflict):
        store.put("a", b"3", ABSENT)
    assert store.get("a") == Versioned(new, b"2")


def test_a_token_of_an_absent_object_is_a_conflict(world: World) -> None:
    with pytest.raises(Conflict):
        world.store().put("a", b"1", 12345)
    assert world.store().get("a") is None


def test_one_store_sees_what_another_wrote_after_it_has_read(world: World) -> None:
    """A client that keeps its Blob pins the generation that it saw: it reads old bytes for ever."""
    reader, writer = world.store(), world.store()
    old = writer.put("a", b"1", ABSENT)
    assert reader.get("a") == Versioned(old, b"1")
    new = writer.put("a", b"2", old)
    assert reader.get("a") == Versioned(new, b"2")


def test_a_replaced_generation_can_still_be_opened(world: World) -> None:
    store = world.store()
    old = store.put("a", b"old", ABSENT)
    new = store.put("a", b"new", old)
    assert store.open_at("a", old).read() == b"old"
    assert store.open_at("a", new).read() == b"new"


def test_a_generation_that_never_was_is_gone(world: World) -> None:
    token = world.store().put("a", b"1", ABSENT)
    with pytest.raises(Gone):
        world.store().open_at("a", token + 1)


def test_a_large_object_streams_line_by_line(world: World) -> None:
    body = b"".join(b"line %d\n" % number for number in range(900_000))
    store = world.store()
    token = store.put("large.csv", body, ABSENT)
    with store.open_at("large.csv", token) as stream:
        assert b"".join(stream) == body
    with store.open_at("large.csv", token, 7_000_003) as stream:
        assert stream.read() == body[7_000_003:]


def test_an_object_with_content_encoding_gzip_streams_as_it_is_stored(world: World) -> None:
    packed = gzip.compress(os.urandom(5 * 1024 * 1024), compresslevel=1)  # more than one chunk
    world.upload_gzip("packed", packed)
    store = world.store()
    (listed,) = store.list("packed")
    assert listed.size == len(packed)
    with store.open_at("packed", listed.generation) as stream:
        assert b"".join(iter(lambda: stream.read(100_000), b"")) == packed
    assert store.get("packed") == Versioned(listed.generation, packed)


def test_altered_bytes_are_never_handed_over_as_good(world: World) -> None:
    store = world.store()
    token = store.put("a", b"body", ABSENT)
    world.corrupt("a")
    with pytest.raises(CorruptObject):
        store.get("a")
    with pytest.raises(CorruptObject):
        store.open_at("a", token).read()


def test_a_listing_is_in_order_of_name_and_after_is_exclusive(world: World) -> None:
    store = world.store()
    for name in ("models/2", "models/10", "models/1", "modelz", "aside", "models/ж"):
        store.put(name, name.encode(), ABSENT)
    in_order = ["models/1", "models/10", "models/2", "models/ж"]
    assert [found.name for found in store.list("models/")] == in_order
    for after in ("models/10", "models/11"):
        assert [found.name for found in store.list("models/", after=after)] == in_order[2:]
    assert list(store.list("nothing/")) == []


def test_a_listing_says_what_is_live(world: World) -> None:
    store = world.store()
    old = store.put("a", b"old", ABSENT)
    new = store.put("a", b"123456789", old)
    (found,) = store.list("")
    assert (found.name, found.generation, found.size, found.crc32c) == ("a", new, 9, "4waSgw==")
    assert found.created.tzinfo is not None


def test_a_listing_of_more_than_a_page_is_whole(world: World) -> None:
    store = world.store()
    names = [f"many/{number:04}" for number in range(1001)]
    for name in names:
        store.put(name, b"", ABSENT)
    assert [found.name for found in store.list("many/")] == names


def test_every_generation_that_is_still_kept_is_listed_deleted_ones_too(world: World) -> None:
    store = world.store()
    bodies = (b"one", b"three", b"fifteen")
    first = store.put("a", bodies[0], ABSENT)
    second = store.put("a", bodies[1], first)
    world.delete("a")
    third = store.put("a", bodies[2], ABSENT)
    world.delete("a")
    for name in ("ab", "a/b"):
        store.put(name, b"another object", ABSENT)
    kept = {found.generation: found.size for found in store.generations("a")}
    assert kept == dict(zip((first, second, third), map(len, bodies), strict=True))
    assert [found.name for found in store.list("")] == ["a/b", "ab"]
    assert [store.open_at("a", generation).read() for generation in sorted(kept)] == list(bodies)


def test_an_object_that_never_was_has_no_generation(world: World) -> None:
    assert list(world.store().generations("a")) == []


def test_what_is_deleted_is_no_longer_live_and_can_still_be_opened(world: World) -> None:
    store = world.store()
    token = store.put("a", b"body", ABSENT)
    store.delete("a", token)
    assert store.get("a") is None
    assert list(store.list("")) == []
    assert store.open_at("a", token).read() == b"body"


def test_what_was_replaced_or_deleted_meanwhile_is_not_deleted(world: World) -> None:
    store = world.store()
    old = store.put("a", b"1", ABSENT)
    new = store.put("a", b"2", old)
    with pytest.raises(Conflict):
        store.delete("a", old)
    assert store.get("a") == Versioned(new, b"2")
    store.delete("a", new)
    for name, generation in (("a", new), ("absent", 17)):
        with pytest.raises(Conflict):
            store.delete(name, generation)


@pytest.mark.parametrize(
    "name", ["with space", "ünï/жук.csv", "100%25+1", "a//b", "/a", "a/", "q?x=1&y#z", "'\"\\"]
)
def test_any_name_comes_back_as_it_was(world: World, name: str) -> None:
    store = world.store()
    token = store.put(name, b"body", ABSENT)
    assert store.get(name) == Versioned(token, b"body")
    assert store.open_at(name, token).read() == b"body"
    assert [found.name for found in store.list(name)] == [name]


def _race(world: World, bodies: list[bytes], expect: int) -> tuple[list[Versioned], list[Conflict]]:
    """Every body put at once under one name, each through a client of its own."""
    winners: list[Versioned] = []
    losers: list[Conflict] = []
    start = threading.Barrier(len(bodies))

    def put(body: bytes) -> None:
        store = world.store()
        start.wait(30)
        try:
            winners.append(Versioned(store.put("contested", body, expect), body))
        except Conflict as conflict:
            losers.append(conflict)

    racers = [threading.Thread(target=put, args=[body]) for body in bodies]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    return winners, losers
