"""The ASGI application: Flask in threads, and a short way past it for what is asked most.

The short way gives Flask's own answer: both call `Answers` and `Exchange`. It exists because the
framework and a thread cost several times what scoring a ticket does, and Flask a fifth of a start.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from service.answers import BODY_MAX_BYTES, Answers
from service.exchange import Exchange
from service.model_slot import CHECK_WAIT_S
from service.problems import PROBLEM_TYPE, Problem
from service.wsgi import Answer, Receive, Scope, Send, header_bytes, wsgi_answer

if TYPE_CHECKING:
    from flask import Flask

PLACES = 80
"""Requests in work at a time. Cloud Run sends 64 at most (infra/service.tf), and its own probes."""

PLACE_BYTES = 128 * 1024
"""A body takes one place more for each of these, so that batches in work are fewer."""

BATCH_BYTES = 16 * 1024
"""From this size on a body is answered in a thread, because it would hold up the others."""

REFUSAL_GAP_S = 0.003
"""Between two refusals on average: who asks again at once takes little time from those in work."""

TURN_S = 0.01
"""How long answers hold the loop before it looks at sockets, timers and probes again."""

THREADS = 8
"""They overlap waiting for storage; each idle one costs memory."""

_JSON_TYPES = {b"", b"application/json", b"application/json; charset=utf-8"}
_BUSY = Problem(
    503,
    "This instance has as many requests in work as it takes. Try again.",
    headers={"Retry-After": "1"},
)

Head = Mapping[bytes, bytes]
T = TypeVar("T")


class Door:
    """An ASGI application that answers at most `places` requests at a time and refuses others.

    What it refuses has been received, because a half-sent request must take nobody's place, but it
    has not been parsed.
    """

    def __init__(
        self, web: "Callable[[], Flask]", answers: Answers, *, places: int = PLACES
    ) -> None:
        """`web` is called once, when Flask is needed; it may take its time."""
        self.observer, self.metrics = answers.observer, answers.metrics
        self._answers, self._slot, self._places = answers, answers.slot, places
        self._short_ways: dict[tuple[str, str], str] = {}
        for name, paths in answers.paths.items():
            for path in paths:  # as in Flask the first to name a path has it
                self._short_ways.setdefault(("POST" if name == "predict" else "GET", path), name)
        self._turn_ends = 0.0
        self._web, self._making = web, threading.Lock()
        self._app: Flask | None = None
        self._turns, self._is_refusing = dict[asyncio.Timeout, None](), False
        self._threads = ThreadPoolExecutor(THREADS, "flask")
        self._batches = ThreadPoolExecutor(1, "batch")

    @property
    def app(self) -> "Flask":
        """The Flask application, made now unless it was before."""
        with self._making:
            if self._app is None:
                self._app = self._web()
            return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _received(receive)
        if body is None:
            return
        places = 1 + len(body) // PLACE_BYTES
        if self.metrics.in_work + places > self._places:
            del body  # those that wait hold nothing large
            answer = await self._refusal(scope, receive)
        else:
            answer = await self._answer_in_places(places, scope, body)
        if answer is None:
            return
        start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    async def _refusal(self, scope: Scope, receive: Receive) -> Answer | None:
        """The refusal when its turn comes; None where the client goes away before."""
        route = self._short_ways.get(("POST", scope["path"]), "none")
        self.metrics.refused.add(route)
        exchange = self._exchange(dict(scope["headers"]))
        if not self._is_refusing:
            self._refuse_later()
        try:
            async with asyncio.timeout(None) as turn:
                self._turns[turn] = None
                await receive()
        except TimeoutError:
            return _problem(_BUSY, exchange, route)
        finally:
            self._turns.pop(turn, None)
        return None

    def _refuse_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._is_refusing = True
        loop.call_later(REFUSAL_GAP_S, self._refuse_next, loop.time())

    def _refuse_next(self, since: float) -> None:
        """End the wait of who has waited longest, of one for each gap since then; come again."""
        now = asyncio.get_running_loop().time()
        turns = [*islice(self._turns, int((now - since) / REFUSAL_GAP_S) or 1)]
        for turn in turns:
            del self._turns[turn]
            turn.reschedule(now)
        self._is_refusing = False
        if turns:
            self._refuse_later()

    async def _answer_in_places(self, places: int, scope: Scope, body: bytes) -> Answer:
        head = dict(scope["headers"])
        self.metrics.in_work += places
        try:
            if name := self._short_way(scope, head, body):
                return await self._answer(name, scope["path"], head, body)
            return await _in_thread(self._threads, self._by_flask, scope, head, body)
        finally:
            self.metrics.in_work -= places

    def _short_way(self, scope: Scope, head: Head, body: bytes) -> str | None:
        """The name of the answer, where nothing about the request's head needs a look by Flask."""
        name = self._short_ways.get((scope["method"], scope["path"]))
        is_plain = (
            head.get(b"content-type", b"") in _JSON_TYPES
            and b"content-encoding" not in head
            and len(head) == len(scope["headers"])
            and len(body) <= BODY_MAX_BYTES
        )
        return name if is_plain else None

    def _by_flask(self, scope: Scope, head: Head, body: bytes) -> Answer:
        try:
            return wsgi_answer(self.app, scope, body)
        except Exception as error:  # noqa: BLE001  where Flask itself cannot be made
            exchange, path = self._exchange(head), scope["path"]
            return _problem(self._answers.problem(error, path, exchange), exchange, "none")

    async def _answer(self, name: str, path: str, head: Head, body: bytes) -> Answer:
        exchange = self._exchange(head)
        if name != "live":
            await self._pointer_checked()
        if len(body) >= BATCH_BYTES:
            return await _in_thread(self._batches, self._made, name, exchange, path, body)
        if name == "predict":
            await self._turn()
        return self._made(name, exchange, path, body)

    async def _turn(self) -> None:
        """Wait until all that have come by now are counted, and this turn of the loop has time."""
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        while self._turn_ends and loop.time() >= self._turn_ends:
            await asyncio.sleep(0)
        if not self._turn_ends:
            self._turn_ends = loop.time() + TURN_S
            loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._turn_ends = 0.0

    def _made(self, name: str, exchange: Exchange, path: str, body: bytes) -> Answer:
        try:
            answer = self._answers.answer(name, body, exchange, lambda: self._slot.current)
        except Exception as error:  # noqa: BLE001  as Flask does it: every error is an answer
            return _problem(self._answers.problem(error, path, exchange), exchange, name)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
        headers += exchange.finish(name, 200).items()
        return Answer(200, header_bytes(headers), answer)

    async def _pointer_checked(self) -> None:
        """What `ModelSlot.serving` does, without holding up the requests that need not wait."""
        if check := self._slot.check_to_wait_for():
            await asyncio.wait([asyncio.wrap_future(check)], timeout=CHECK_WAIT_S)

    def _exchange(self, head: Head) -> Exchange:
        return self._answers.exchange(lambda name: head.get(name.encode(), b"").decode("latin-1"))


async def _in_thread(threads: ThreadPoolExecutor, call: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)


async def _received(receive: Receive) -> bytes | None:
    """The body, cut just above the greatest size allowed; None if the client goes away first."""
    body: bytes = b""
    while (message := await receive())["type"] == "http.request":
        body = (body + message["body"])[: BODY_MAX_BYTES + 1]
        if not message["more_body"] or len(body) > BODY_MAX_BYTES:
            return body
    return None


def _problem(problem: Problem, exchange: Exchange, route: str) -> Answer:
    body = problem.body()
    headers = {**problem.headers, "Content-Type": PROBLEM_TYPE, "Content-Length": str(len(body))}
    headers |= exchange.finish(route, problem.status)
    return Answer(problem.status, header_bytes(headers.items()), body)
