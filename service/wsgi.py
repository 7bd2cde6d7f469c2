"""A WSGI application's answer to a whole ASGI request (PEP 3333; ASGI's specification of HTTP)."""

import io
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Answer(NamedTuple):
    """A whole answer; the names of headers in lower case, as ASGI wants them."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


def header_bytes(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


def wsgi_answer(app: "WSGIApplication", scope: Scope, body: bytes) -> Answer:
    """What `app` answers; it may take its time, so call this in a thread."""
    started: list[tuple[int, list[tuple[bytes, bytes]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _error: object = None, /
    ) -> Callable[[bytes], object]:
        started.append((int(status[:3]), header_bytes(headers)))
        return written.append

    parts = app(_environ(scope, body), start_response)
    try:
        written.extend(parts)
    finally:
        getattr(parts, "close", lambda: None)()
    return Answer(*started[-1], b"".join(written))


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    host, port = scope.get("server") or ("localhost", 80)
    client, _ = scope.get("client") or ("", 0)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **_header_variables(scope["headers"]),
        "CONTENT_LENGTH": str(len(body)),
    }


def _header_variables(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Each header as a variable; what comes more than once is joined by commas."""
    variables: dict[str, str] = {}
    for name, value in headers:
        # With an underscore it would pass for the header with a hyphen, which a proxy has checked.
        if b"_" in name or name == b"transfer-encoding":  # of `body`, chunks are together again
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        sent = value.decode("latin-1")
        variables[key] = f"{variables[key]},{sent}" if key in variables else sent
    return variables
