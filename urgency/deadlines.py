"""An HTTP session whose answers end: requests' own timeout bounds each wait, not their sum.

A server that sends one byte at a time would otherwise hold its caller for as long as it likes. An
HTTP proxy of the environment is not bounded so: it makes connections of its own.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from math import inf
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

WAITS_MOST = 3
"""After this many times the timeout of one wait no more is read of an answer, head or body."""


class DeadlineAdapter(HTTPAdapter):
    """requests' adapter; an answer that takes too long ends with a timeout like any other."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections. requests' signature."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def mounted(session: requests.Session) -> requests.Session:
    """`session`, all of whose answers end."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter())
    return session


class _Bytes(io.RawIOBase):
    """What a socket receives until `WAITS_MOST` times its timeout from now; then TimeoutError."""

    def __init__(self, received: io.RawIOBase, wait_s: float | None) -> None:
        super().__init__()
        self._received = received
        self._until = time.monotonic() + WAITS_MOST * (inf if wait_s is None else wait_s)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._until:
            raise TimeoutError("The answer does not end.")
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Bytes(self.fp.detach(), sock.gettimeout()))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
