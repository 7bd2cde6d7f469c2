"""Requests to an ASGI application without a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.wsgi import Scope, Send

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answered:
    """A whole answer; the names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def scope_of(method: str, target: str, headers: Mapping[str, str], length: int) -> Scope:
    path, _, query = target.partition("?")
    sent = {"Host": "localhost", "Content-Length": str(length), **headers}
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }


async def ask(
    app: Any,
    body: bytes | object = b"",
    *,
    method: str = "POST",
    target: str = "/v1/predict",
    headers: Mapping[str, str] = JSON,
    pieces: int = 1,
    gone: asyncio.Event | None = None,
) -> Answered | None:
    """One request, its body in so many pieces; what is no bytes is sent as JSON.

    gone: set when the client goes away; None is returned where it gets no answer.
    """
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = -(-len(sent) // pieces) or 1
    parts = [sent[start : start + size] for start in range(0, len(sent), size)] or [b""]
    got: list[Any] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: Any) -> None:
        got.append(message)

    send_all: Send = send
    await app(scope_of(method, target, headers, len(sent)), receive, send_all)
    if not got:
        return None
    start, *rest = got
    names = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answered(start["status"], names, b"".join(part["body"] for part in rest))
