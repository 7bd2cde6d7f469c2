"""Who may call the reload hook: one service account, proven by an ID token that is verified here.

Cloud Run's own check stands before this one; both must hold.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from google.auth import jwt
from werkzeug.datastructures import Headers

from service.problems import Problem
from urgency.errors import Unavailable

ISSUERS = ("https://accounts.google.com", "accounts.google.com")

CLOCK_SKEW_S = 10

# https://cloud.google.com/run/docs/troubleshooting#signature-removed: Cloud Run keeps the token that it checked from
# being used again. It checks X-Serverless-Authorization where that is sent and then leaves
# Authorization as it was.
_STRIPPED = "SIGNATURE_REMOVED_BY_GOOGLE"
_HEADERS = ("Authorization", "X-Serverless-Authorization")


class Certificates:
    """Certificates by key id, fetched once and again only for a key id that is not known or after
    `life_s` seconds.

    Fetched at most every `pause_s` seconds, so that forged key ids cannot make this service a
    client's hammer.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        life_s: float = 6 * 3600.0,
        pause_s: float = 30.0,
    ) -> None:
        self._url, self._clock, self._life_s, self._pause_s = url, clock, life_s, pause_s
        self._known: dict[str, str] = {}
        self._fetched_at = float("-inf")
        self._lock = threading.Lock()

    def having(self, key_id: str) -> dict[str, str]:
        """PEM certificates by key id, with that of `key_id` if its owner publishes it. Raises
        Unavailable.
        """
        with self._lock:
            age_s = self._clock() - self._fetched_at
            if age_s > self._life_s or (key_id not in self._known and age_s > self._pause_s):
                self._known = self._fetch()
                self._fetched_at = self._clock()
            return self._known

    def _fetch(self) -> dict[str, str]:
        try:
            answer = requests.get(self._url, timeout=2)
            answer.raise_for_status()
            return dict(answer.json())
        except (requests.RequestException, ValueError, TypeError) as error:
            what = type(error).__name__
            raise Unavailable(
                f"Certificates of ID tokens cannot be had: {what}. Try again later."
            ) from None


class ReloadCaller:
    """The one caller of the reload hook: tokens for `audience` that name `email`, signed by
    `certificates`.
    """

    def __init__(self, audience: str, email: str, certificates: Certificates) -> None:
        self._audience, self._email, self._certificates = audience, email, certificates

    def verify(self, headers: Headers) -> None:
        """Return for the right caller. Raises Problem 401 or 403, and Unavailable without
        certificates.
        """
        claims = self._claims(_bearer_token(headers))
        if claims.get("iss") not in ISSUERS:
            raise _unauthenticated("was not issued by Google")
        if claims.get("email") != self._email or claims.get("email_verified") is not True:
            raise Problem(
                403, "This identity may not reload the model; the release function's may."
            )

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key_id = str(jwt.decode_header(token).get("kid"))
        except Exception:  # noqa: BLE001  a token is hostile input and fails in many ways
            raise _unauthenticated("is not a signed JSON web token") from None
        certificates = self._certificates.having(key_id)
        try:
            return dict(
                jwt.decode(
                    token, certificates, audience=self._audience, clock_skew_in_seconds=CLOCK_SKEW_S
                )
            )
        except Exception:  # noqa: BLE001  as above
            raise _unauthenticated(
                "is expired, not for this audience, or not signed by its issuer"
            ) from None


def _bearer_token(headers: Headers) -> str:
    """The token whose signature is still there."""
    for header in _HEADERS:
        kind, _, token = headers.get(header, "").partition(" ")
        if kind.lower() == "bearer" and not token.strip().endswith(_STRIPPED):
            return token.strip()
    raise Problem(
        401, "Send an ID token as Authorization: Bearer.", headers={"WWW-Authenticate": "Bearer"}
    )


def _unauthenticated(why: str) -> Problem:
    return Problem(
        401, f"The ID token {why}.", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
    )
