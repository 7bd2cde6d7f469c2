"""What Cloud Run's front end does: it checks the caller, then passes the request to an instance."""

import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import urllib3
from werkzeug import exceptions as http
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from infra.local.pocket.access import Access
from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import Identity
from infra.local.wiring import Container

QUEUE_S = 2.0
"""How long a request waits for a busy instance before it is refused."""
CONNECT_S = 1.0
BODY_LIMIT_BYTES = 32 * 2**20
"""The largest body that Cloud Run's front end takes of an HTTP/1 request."""
CHUNK_BYTES = 64 * 1024
HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
CHECKED = ("X-Serverless-Authorization", "Authorization")
"""https://cloud.google.com/run/docs/authenticating/service-to-service: the first one is checked."""
SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"


class Fleet:
    """A container's instances, by base URL: taken in turn, each at most `concurrency` at once."""

    def __init__(self, instances: Sequence[str], concurrency: int) -> None:
        self._free = dict.fromkeys(instances, concurrency)
        self._turn = list(instances)
        self._changed = threading.Condition()

    def take(self, tried: Collection[str], wait_s: float) -> str:
        """The next instance with room, not in `tried`. Raises 503 (none left) or 429 (all busy)."""
        untried = [instance for instance in self._free if instance not in tried]
        if not untried:
            raise http.ServiceUnavailable("No instance of the service answers.")
        with self._changed:
            if not self._changed.wait_for(
                lambda: any(self._free[instance] for instance in untried), wait_s
            ):
                raise http.TooManyRequests("Rate exceeded.")
            taken = next(one for one in self._turn if one in untried and self._free[one])
            self._turn.remove(taken)
            self._turn.append(taken)
            self._free[taken] -= 1
            return taken

    def give_back(self, instance: str) -> None:
        """A request to `instance` has ended."""
        with self._changed:
            self._free[instance] += 1
            self._changed.notify()


@dataclass(frozen=True)
class Gate:
    """Admits callers with run.routes.invoke on `container`, by an ID token for its audience."""

    container: Container
    audiences: Collection[str]
    identity: Identity
    access: Access

    def admit(self, headers: Headers) -> None:
        """Check the caller, and remove the signature of the checked token. Raises 401 or 403."""
        if self.container.public:
            return
        header = next((name for name in CHECKED if name in headers), None)
        if header is None:
            raise http.Forbidden("The request was not authenticated.")
        scheme, _, token = headers[header].partition(" ")
        if scheme.lower() != "bearer":
            raise http.Unauthorized("The access token could not be verified.")
        self._expect_invoker(token)
        headers[header] = f"{scheme} {token.rpartition('.')[0]}.{SIGNATURE_REMOVED}"

    def _expect_invoker(self, token: str) -> None:
        try:
            claims = self.identity.verify_id_token(token)
        except ApiError as error:
            why = f"The access token could not be verified. {error.message}"
            raise http.Unauthorized(why) from error
        audience, email = claims["aud"], claims["email"]
        if audience not in self.audiences:
            raise http.Unauthorized(
                f"The token's audience {audience} is not one of this service's."
            )
        name = self.container.name
        if not self.access.allows(_member(email), "run.routes.invoke", f"services/{name}"):
            raise http.Forbidden(f"{email} may not invoke {name}.")


class _FrontEndRequest(Request):
    max_content_length = BODY_LIMIT_BYTES  # a longer body is a 413


class FrontEnd:
    """A WSGI application: passes on what `gate` admits to `fleet`, bodies streamed both ways."""

    def __init__(self, fleet: Fleet, gate: Gate, timeout_s: float) -> None:
        self._fleet = fleet
        self._gate = gate
        self._timeout = urllib3.Timeout(connect=CONNECT_S, read=timeout_s)
        self._connections = urllib3.PoolManager(maxsize=1)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        request = _FrontEndRequest(environ)
        try:
            headers = _forwarded_headers(request)
            self._gate.admit(headers)
            response = self._pass_on(request, headers)
        except http.HTTPException as error:
            response = error.get_response(environ)
        return response(environ, start_response)

    def _pass_on(self, request: Request, headers: Headers) -> Response:
        """The answer of the first instance that takes a connection; the others got nothing."""
        tried: set[str] = set()
        while True:
            instance = self._fleet.take(tried, QUEUE_S)
            try:
                return self._ask(instance, request, headers)
            except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
                tried.add(instance)
            except urllib3.exceptions.TimeoutError as error:
                why = "The request has been terminated because it has reached the timeout."
                raise http.GatewayTimeout(why) from error
            except urllib3.exceptions.HTTPError as error:
                why = "The connection to the instance ended before it answered."
                raise http.ServiceUnavailable(why) from error

    def _ask(self, instance: str, request: Request, headers: Headers) -> Response:
        has_body = request.content_length or request.environ.get("wsgi.input_terminated")
        with ExitStack() as ending:
            ending.callback(self._fleet.give_back, instance)
            answer = self._connections.request(
                request.method,
                instance + request.environ["REQUEST_URI"],
                body=request.stream if has_body else None,
                headers=dict(headers),
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            ending.callback(answer.close)
            body = answer.stream(CHUNK_BYTES, decode_content=False)
            response = Response(body, answer.status, _end_to_end(answer.headers.iteritems()))
            response.call_on_close(ending.pop_all().close)
        return response


def front_end_of(
    container: Container, instances: Sequence[str], url: str, identity: Identity, access: Access
) -> FrontEnd:
    """The front end of `container`, which answers at `url`."""
    gate = Gate(container, {container.uri, url, *container.custom_audiences}, identity, access)
    return FrontEnd(Fleet(instances, container.concurrency), gate, container.timeout_s)


def _forwarded_headers(request: Request) -> Headers:
    """The caller's headers as an instance gets them."""
    headers = Headers(_end_to_end(request.headers.items()))
    came_from = [*request.headers.getlist("X-Forwarded-For"), request.remote_addr or ""]
    headers["X-Forwarded-For"] = ", ".join(came_from)
    headers["X-Forwarded-Proto"] = request.scheme
    # a reused connection may end just when we send, and then nobody can repeat a POST
    headers["Connection"] = "close"
    return headers


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]


def _member(email: str) -> str:
    return f"serviceAccount:{email}" if email.endswith(".gserviceaccount.com") else f"user:{email}"
