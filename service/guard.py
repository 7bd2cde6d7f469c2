"""uvicorn's HTTP protocol, guarded: bounds on how long and how large, and an end that loses nobody.

uvicorn itself waits for a half-sent request for ever, has no bound on the size of a request's head,
and at SIGTERM closes a kept-alive connection just as its client sends the next request.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.metrics import Counter
from service.problems import PROBLEM_TYPE, Problem

HEAD_S, BODY_S, ANSWER_S = 5.0, 10.0, 10.0
"""How long a client may take to send a request's head, its body, and to read the answer."""

HEAD_MAX = 64 * 1024
"""Bytes of a head that is not complete yet; more get a 431."""

READ_BYTES = 32 * 1024
"""What is read at once. asyncio sets 256 KB aside for each look, 2 MB of an instance's memory."""

LAST_REQUEST_S = 1.0
"""How long after SIGTERM an idle connection may still begin a request."""


_HEAD, _BODY, _NOTHING = "head", "body", ""
"""The part of a request that is being received."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. A timer runs only while a request is half sent: a whole one costs none.

    answered: counts what is refused here, by route and code.
    """

    _reading = _NOTHING
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _is_last = False

    def __init__(self, answered: Counter, *of_uvicorn: Any, **further: Any) -> None:
        super().__init__(*of_uvicorn, **further)
        self._answered = answered

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected; the head of its first request is awaited."""
        super().connection_made(transport)
        transport.max_size = READ_BYTES  # type: ignore[attr-defined]  # asyncio's own name
        self._keep_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._read_on(_NOTHING)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes of one request or of several."""
        if self._reading != _BODY:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._reading == _HEAD and self._head_bytes > HEAD_MAX:
            self._refuse(Problem(431, f"A request's head may have {HEAD_MAX:,} bytes."))
        self._keep_deadline()

    def on_message_begin(self) -> None:
        """A request begins, perhaps behind another one in the same piece."""
        self._read_on(_HEAD)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is there: the request is passed on."""
        self._read_on(_BODY)
        self._head_bytes = 0
        super().on_headers_complete()
        self.cycle.keep_alive = self.cycle.keep_alive and not self._is_last

    def on_message_complete(self) -> None:
        """The request is there."""
        self._read_on(_NOTHING)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP request."""
        self._refuse(Problem(400, msg))

    def pause_writing(self) -> None:
        """The client does not read what it is sent."""
        super().pause_writing()
        self._slow_reader = self.loop.call_later(ANSWER_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        self._slow_reader.cancel()
        super().resume_writing()

    def shutdown(self) -> None:
        """SIGTERM: the next answer is the last one, and says so."""
        self._is_last = True
        if self.cycle and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        else:
            self.loop.call_later(LAST_REQUEST_S, self._close_if_idle)

    @property
    def _is_idle(self) -> bool:
        """Whether there is no request, not even a part of one."""
        return not self._reading and (self.cycle is None or self.cycle.response_complete)

    def _close_if_idle(self) -> None:
        if self._is_idle:
            self.transport.close()

    def _read_on(self, part: str) -> None:
        """From now on `part` is received."""
        self._reading = part
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _keep_deadline(self) -> None:
        """Start the timer for what the client owes, unless it runs already."""
        if (self._reading or self._is_idle) and not self._deadline:
            seconds = BODY_S if self._reading == _BODY else HEAD_S
            self._deadline = self.loop.call_later(seconds, self._too_slow, seconds)

    def _too_slow(self, seconds: float) -> None:
        is_refused = self._reading == _BODY and self.cycle.response_complete
        if self._is_idle or is_refused:
            self.transport.close()
        else:
            what = f"The request's {self._reading} did not come within {seconds:g} s."
            self._refuse(Problem(408, what))

    def _refuse(self, problem: Problem) -> None:
        """Answer for the application, and close."""
        self._answered.add("none", str(problem.status))
        body = problem.body()
        head = f"content-type: {PROBLEM_TYPE}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(
            STATUS_LINE[problem.status] + head.encode() + b"connection: close\r\n\r\n"
        )
        self.transport.write(body)
        self.transport.close()
