"""Google's certificates: kept while they may be, fetched by one, and never waited for long."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from service.auth import Certificates
from service.background import Background
from tests.support.service.service import Clock
from tests.support.waiting import eventually
from urgency.errors import Unavailable


class Server(Certificates):
    """Certificates of a server that the test takes down and holds up."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("", Background(), clock=clock)
        self.fetches, self.is_down = 0, False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def _fetch(self) -> dict[str, str]:
        self.fetches += 1
        assert self.may_answer.wait(60), "the test hangs"
        if self.is_down:
            raise requests.ConnectionError
        return {"key": f"certificate {self.fetches}"}


def test_certificates_are_fetched_once_and_again_only_for_an_unknown_key_or_after_their_life():
    clock = Clock()
    server = Server(clock)
    for _ in range(3):
        assert "key" in server.for_key("key")
    assert server.fetches == 1
    for _ in range(3):
        assert "unknown" not in server.for_key("unknown")
    assert server.fetches == 1, "too soon after the last time"
    clock.advance(31)
    server.for_key("unknown")
    assert server.fetches == 2
    clock.advance(6 * 3600 + 1)
    server.for_key("key")
    assert server.fetches == 3


def test_keys_go_on_being_used_while_their_server_is_down_for_a_day_and_no_longer():
    clock = Clock()
    server = Server(clock)
    assert server.for_key("key") == {"key": "certificate 1"}
    server.is_down = True
    clock.advance(6 * 3600 + 1)
    assert server.for_key("key") == {"key": "certificate 1"}
    with pytest.raises(Unavailable):
        server.for_key("new key")
    clock.advance(18 * 3600)
    with pytest.raises(Unavailable):
        server.for_key("key")
    server.is_down = False
    clock.advance(31)
    assert server.for_key("key") == {"key": "certificate 4"}


def test_a_server_that_is_down_is_asked_once_in_a_pause_however_many_ask_for_whichever_key():
    clock = Clock()
    server = Server(clock)
    server.is_down = True
    for pause in range(1, 4):
        for number in range(20):
            with pytest.raises(Unavailable):
                server.for_key(f"key {number}")
        assert server.fetches == pause
        clock.advance(31)


def test_a_server_that_hangs_is_asked_by_one_and_waited_for_by_all_but_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("service.auth.FETCH_WAIT_S", 0.1)
    clock = Clock()
    server = Server(clock)
    assert server.for_key("key") == {"key": "certificate 1"}
    server.may_answer.clear()
    clock.advance(6 * 3600 + 1)
    with ThreadPoolExecutor(16) as callers:
        known = list(callers.map(server.for_key, ["key"] * 64))
    assert known == [{"key": "certificate 1"}] * 64
    assert server.fetches == 2
    with pytest.raises(Unavailable):
        server.for_key("new key")
    clock.advance(31)
    server.for_key("key")
    assert server.fetches == 3, "the one that hangs is given up"
    server.may_answer.set()
    clock.advance(31)
    assert eventually(lambda: server.for_key("key")["key"] != "certificate 1")
