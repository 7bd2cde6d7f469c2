"""Who may call the reload hook: one service account, proven by an ID token that is verified here.

Cloud Run's own check stands before this one; both must hold.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import requests
from google.auth import jwt
from werkzeug.datastructures import Headers

from service.background import Background
from service.problems import Problem
from urgency.deadlines import mounted
from urgency.errors import Unavailable

ISSUERS = ("https://accounts.google.com", "accounts.google.com")

CLOCK_SKEW_S = 10

FETCH_WAIT_S = 2.5
"""How long the caller of the hook waits for certificates; its own bound is 10 s."""

# Cloud Run removes the signature of the token that it checked, so that nobody can use it again.
# It checks X-Serverless-Authorization if that is sent, and then leaves Authorization as it was.
# https://cloud.google.com/run/docs/troubleshooting#signature-removed
_STRIPPED = "SIGNATURE_REMOVED_BY_GOOGLE"
_HEADERS = ("Authorization", "X-Serverless-Authorization")


class Certificates:
    """Google's certificates, fetched again after `life_s` seconds or for a key id not seen before.

    One fetch in `pause_s` seconds at most, failed or not: neither forged key ids nor a server that
    is down cause a flood. While it is down, a key goes on being used until `most_s` after it was
    fetched.
    """

    def __init__(
        self,
        url: str,
        background: Background,
        *,
        clock: Callable[[], float] = time.monotonic,
        life_s: float = 6 * 3600.0,
        most_s: float = 24 * 3600.0,
        pause_s: float = 30.0,
    ) -> None:
        self._url, self._background, self._clock = url, background, clock
        self._life_s, self._most_s, self._pause_s = life_s, most_s, pause_s
        self._known: dict[str, str] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._try: Future[None] = Future()
        self._lock = threading.Lock()

    def for_key(self, key_id: str) -> dict[str, str]:
        """PEM certificates by key id, with `key_id` if it is published. Raises Unavailable.

        A fetch is waited for until `FETCH_WAIT_S` after its begin, by however many callers.
        """
        if key_id in self._known and self._age_s() <= self._life_s:
            return self._known
        fetch, waits_s = self._begun_fetch()
        is_answered = self._background.wait(fetch, waits_s) and fetch.exception() is None
        if self._age_s() <= self._most_s and (is_answered or key_id in self._known):
            return self._known
        raise Unavailable("Google's certificates cannot be fetched. Try again later.")

    def _age_s(self) -> float:
        return self._clock() - self._fetched_at

    def _begun_fetch(self) -> tuple[Future[None], float]:
        """The last fetch, one that begins now if it is time, and seconds to wait for it."""
        with self._lock:
            now = self._clock()
            is_time = now - self._tried_at > self._pause_s
            if is_time:
                self._tried_at, self._try = now, Future()
            fetch, waits_s = self._try, self._tried_at + FETCH_WAIT_S - now
        if is_time:
            self._background.begin(self._keep_fetched, fetch)
        return fetch, max(waits_s, 0)

    def _keep_fetched(self) -> None:
        self._known = self._fetch()
        self._fetched_at = self._clock()

    def _fetch(self) -> dict[str, str]:
        with mounted(requests.Session()) as session:
            answer = session.get(self._url, timeout=2)
        answer.raise_for_status()
        published = answer.json()
        if not all(isinstance(text, str) for text in published.values()):
            raise ValueError("no certificates by key id")
        return dict(published)


class ReloadCaller:
    """The only caller of the reload hook: its tokens are for `audience` and name `email`."""

    def __init__(self, audience: str, email: str, certificates: Certificates) -> None:
        self._audience, self._email, self._certificates = audience, email, certificates

    def verify(self, headers: Headers) -> None:
        """Accept the right caller. Raises Problem 401 or 403; Unavailable without certificates."""
        claims = self._claims(_bearer_token(headers))
        if claims.get("iss") not in ISSUERS:
            raise _unauthenticated("was not issued by Google")
        if claims.get("email") != self._email or claims.get("email_verified") is not True:
            raise Problem(403, "Only the release function may reload the model.")

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key_id = str(jwt.decode_header(token).get("kid"))
        except Exception:  # noqa: BLE001  a token is hostile input and fails in many ways
            raise _unauthenticated("is not a signed JSON web token") from None
        certificates = self._certificates.for_key(key_id)
        try:
            claims = jwt.decode(
                token, certificates, audience=self._audience, clock_skew_in_seconds=CLOCK_SKEW_S
            )
            return dict(claims)
        except Exception:  # noqa: BLE001  as above
            raise _unauthenticated("is expired, for another audience, or badly signed") from None


def _bearer_token(headers: Headers) -> str:
    """The token that still has its signature. Raises Problem 401."""
    for header in _HEADERS:
        kind, _, token = headers.get(header, "").partition(" ")
        if kind.lower() == "bearer" and not token.strip().endswith(_STRIPPED):
            return token.strip()
    raise _problem_401("Send an ID token as Authorization: Bearer.", "Bearer")


def _unauthenticated(why: str) -> Problem:
    return _problem_401(f"The ID token {why}.", 'Bearer error="invalid_token"')


def _problem_401(detail: str, challenge: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})
