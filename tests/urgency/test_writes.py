from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.storage.memory_store import MemoryStore
from urgency.errors import Conflict, Forbidden, Unavailable
from urgency.store import ABSENT
from urgency.writes import ATTEMPTS, Sleep, create_once, swap


class Faults:
    """Raises these in turn at every `when` of a put; then nothing any more."""

    def __init__(self, when: str, *errors: Exception) -> None:
        self._when, self._errors = when, iter(errors)

    def __call__(self, when: str) -> None:
        if when.startswith(f"{self._when} put") and (error := next(self._errors, None)):
            raise error


def no_sleep(_seconds: float) -> None:
    pass


def unavailable() -> Iterator[Exception]:
    return (Unavailable("Later.") for _ in range(ATTEMPTS))


def test_the_first_creator_wins_and_later_ones_learn_that() -> None:
    store = MemoryStore()
    assert create_once(store, "x", b"ours", no_sleep)
    assert create_once(store, "x", b"ours", no_sleep)
    assert not create_once(store, "x", b"theirs", no_sleep)
    assert store.peek("x") == b"ours"


def test_a_creation_whose_answer_was_lost_is_ours() -> None:
    store = MemoryStore(Faults("after", Unavailable("The answer was lost.")))
    assert create_once(store, "x", b"ours", no_sleep)
    assert store.calls.count("put x") == 2


def test_a_403_means_somebody_was_first_where_the_object_exists() -> None:
    store = MemoryStore()
    store.overwrite("x", b"theirs")
    store.fault = Faults("before", *[Forbidden("No right to overwrite.")] * 2)
    assert not create_once(store, "x", b"ours", no_sleep)
    assert create_once(store, "x", b"theirs", no_sleep)


def test_a_403_is_one_where_no_object_exists() -> None:
    store = MemoryStore(Faults("before", Forbidden("No right at all.")))
    with pytest.raises(Forbidden):
        create_once(store, "x", b"ours", no_sleep)


def test_a_swap_needs_the_token_that_is_there() -> None:
    store = MemoryStore()
    first = swap(store, "x", b"1", ABSENT, no_sleep)
    assert swap(store, "x", b"2", first, no_sleep) != first
    with pytest.raises(Conflict):
        swap(store, "x", b"3", first, no_sleep)
    assert store.peek("x") == b"2"


def test_a_swap_whose_answer_was_lost_returns_the_token_that_was_written() -> None:
    store = MemoryStore(Faults("after", Unavailable("The answer was lost.")))
    token = swap(store, "x", b"1", ABSENT, no_sleep)
    assert swap(store, "x", b"2", token, no_sleep) > token


WRITES: dict[str, Callable[[MemoryStore, Sleep], object]] = {
    "create_once": lambda store, sleep: create_once(store, "x", b"1", sleep),
    "swap": lambda store, sleep: swap(store, "x", b"1", ABSENT, sleep),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_waits_in_an_outage_grow_and_end(write: Callable[[MemoryStore, Sleep], object]) -> None:
    waits: list[float] = []
    store = MemoryStore(Faults("before", *unavailable()))
    with pytest.raises(Unavailable):
        write(store, waits.append)
    assert len(store.calls) == ATTEMPTS
    assert len(waits) == ATTEMPTS - 1
    assert all(2**k / 2 <= wait <= 2**k for k, wait in enumerate(waits))
    assert create_once(store, "x", b"1", waits.append)
