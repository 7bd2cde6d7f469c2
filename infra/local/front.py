"""What Cloud Run's front end does before a request reaches an instance: checks who calls, and picks
the instance.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import urllib3
from werkzeug.datastructures import Headers
from werkzeug.exceptions import (
    Forbidden,
    GatewayTimeout,
    HTTPException,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)
from werkzeug.wrappers import Request, Response

from infra.local.pocket.access import Access
from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.wiring import Container

QUEUE_S = 2.0
"""How long a request waits for a busy instance before it is turned away."""
CONNECT_S = 1.0
SPARE_THREADS = 8
CHUNK_BYTES = 64 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
CHECKED = ("X-Serverless-Authorization", "Authorization")
"""https://cloud.google.com/run/docs/authenticating/service-to-service: of two, only the first is
checked.
"""
SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"


class Fleet:
    """The instances of one container, by base URL: taken in turn, each at most `concurrency` times
    at once.
    """

    def __init__(self, instances: Sequence[str], concurrency: int) -> None:
        self.capacity = len(instances) * concurrency
        self._free = dict.fromkeys(instances, concurrency)
        self._turn = list(instances)
        self._changed = threading.Condition()

    def take(self, tried: Collection[str], wait_s: float) -> str:
        """The next instance with room, not in `tried`. Raises 503 where none is left, 429 where all
        are busy.
        """
        left = [instance for instance in self._free if instance not in tried]
        if not left:
            raise ServiceUnavailable("No instance of the service answers.")
        with self._changed:
            if not self._changed.wait_for(
                lambda: any(self._free[instance] for instance in left), wait_s
            ):
                raise TooManyRequests("Rate exceeded.")
            taken = next(
                instance for instance in self._turn if instance in left and self._free[instance]
            )
            self._turn.remove(taken)
            self._turn.append(taken)
            self._free[taken] -= 1
            return taken

    def give_back(self, instance: str) -> None:
        """A request to `instance` has ended."""
        with self._changed:
            self._free[instance] += 1
            self._changed.notify()


class Gate:
    """Lets in who holds run.routes.invoke on `container`, by an ID token for one of `audiences`."""

    def __init__(
        self, container: Container, audiences: Collection[str], identity: Identity, access: Access
    ) -> None:
        self._container = container
        self._audiences = audiences
        self._identity = identity
        self._access = access

    def admit(self, headers: Headers) -> None:
        """Check the caller and take the signature off the token that was checked. Raises 401 or
        403.
        """
        if self._container.public:
            return
        header = next((name for name in CHECKED if name in headers), None)
        if header is None:
            raise Forbidden("The request was not authenticated.")
        scheme, _, token = headers[header].partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("The access token could not be verified.")
        self._expect_invoker(token)
        headers[header] = f"{scheme} {token.rpartition('.')[0]}.{SIGNATURE_REMOVED}"

    def _expect_invoker(self, token: str) -> None:
        try:
            claims = self._identity.verify_id_token(token)
        except ApiError as error:
            raise Unauthorized(
                f"The access token could not be verified. {error.message}"
            ) from error
        if claims["aud"] not in self._audiences:
            raise Unauthorized(
                f"The token's audience {claims['aud']} is not one of this service's."
            )
        if not self._access.allows(
            _member(claims["email"]), "run.routes.invoke", f"services/{self._container.name}"
        ):
            raise Forbidden(f"{claims['email']} may not invoke {self._container.name}.")


class Front:
    """A WSGI application in front of `fleet`: what `gate` admits is passed on, bodies streamed both
    ways.
    """

    def __init__(self, fleet: Fleet, gate: Gate, timeout_s: float) -> None:
        self._fleet = fleet
        self._gate = gate
        self._timeout = urllib3.Timeout(connect=CONNECT_S, read=timeout_s)
        self._connections = urllib3.PoolManager(maxsize=1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        try:
            headers = _forwarded(request)
            self._gate.admit(headers)
            response = self._pass_on(request, headers)
        except HTTPException as error:
            response = error.get_response(environ)
        return response(environ, start_response)

    def _pass_on(self, request: Request, headers: Headers) -> Response:
        """The answer of the first instance to which a connection succeeds; nothing was sent to
        those before it.
        """
        tried: set[str] = set()
        while True:
            instance = self._fleet.take(tried, QUEUE_S)
            try:
                return self._ask(instance, request, headers)
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
                tried.add(instance)
            except urllib3.exceptions.TimeoutError as error:
                raise GatewayTimeout(
                    "The request has been terminated because it has reached the timeout."
                ) from error
            except urllib3.exceptions.HTTPError as error:
                raise ServiceUnavailable(
                    "The connection to the instance ended before it answered."
                ) from error

    def _ask(self, instance: str, request: Request, headers: Headers) -> Response:
        with ExitStack() as ending:
            ending.callback(self._fleet.give_back, instance)
            answer = self._connections.request(
                request.method,
                instance + request.environ["REQUEST_URI"],
                body=request.stream if request.content_length else None,
                headers=dict(headers),
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            ending.callback(answer.close)
            response = Response(
                answer.stream(CHUNK_BYTES, decode_content=False),
                answer.status,
                _end_to_end(answer.headers.iteritems()),
            )
            response.call_on_close(ending.pop_all().close)
        return response


def front_for(
    container: Container, instances: Sequence[str], url: str, identity: Identity, access: Access
) -> tuple[Front, int]:
    """The front of `container` at `url`, and how many threads it needs to tell its instances' limit
    from its own.
    """
    fleet = Fleet(instances, container.concurrency)
    gate = Gate(container, {container.uri, url, *container.custom_audiences}, identity, access)
    return Front(fleet, gate, container.timeout_s), fleet.capacity + SPARE_THREADS


def _forwarded(request: Request) -> Headers:
    """The caller's headers as an instance gets them."""
    headers = Headers(_end_to_end(request.headers.items()))
    came_from = [*request.headers.getlist("X-Forwarded-For"), request.remote_addr or ""]
    headers["X-Forwarded-For"] = ", ".join(came_from)
    headers["X-Forwarded-Proto"] = request.scheme
    headers["Connection"] = (
        "close"  # a reused connection may end just as we send, and then nobody can repeat a POST
    )
    return headers


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]


def _member(email: str) -> str:
    return f"serviceAccount:{email}" if email.endswith(".gserviceaccount.com") else f"user:{email}"
