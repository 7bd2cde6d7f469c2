"""Who sits at the keyboard: the tokens that prove it, and the name that records keep."""

from __future__ import annotations

import getpass
import subprocess

from urgency.errors import Forbidden, UrgencyError
from urgency.google_errors import translated

GCLOUD_TIMEOUT_S = 30


def id_token(audience: str) -> str:
    """An ID token for `audience`: of the service account at hand, else of whoever is logged in to
    gcloud.

    Raises Forbidden or Unavailable.
    """
    import google.auth.transport.requests
    from google.auth.exceptions import DefaultCredentialsError
    from google.oauth2 import id_token as google_id_token

    with translated("get an ID token"):
        try:
            return str(
                google_id_token.fetch_id_token(google.auth.transport.requests.Request(), audience)
            )
        except DefaultCredentialsError:  # a person's credentials make none
            return _gcloud_id_token()


def who() -> str:
    """E-mail of the identity that the tokens name; the operating system's user where they name
    none.
    """
    from google.auth import jwt

    try:
        claims = jwt.decode(id_token("urgency-cli"), verify=False)
    except (UrgencyError, ValueError):
        claims = {}
    return str(claims.get("email") or getpass.getuser())


def _gcloud_id_token() -> str:
    try:
        command = ["gcloud", "auth", "print-identity-token"]
        printed = subprocess.run(
            command, capture_output=True, text=True, timeout=GCLOUD_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise Forbidden("No Google credentials for an ID token; run 'gcloud auth login'.") from None
    return printed.stdout.strip()
