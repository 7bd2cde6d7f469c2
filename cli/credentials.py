"""Credentials: the tokens of the person or account that runs the command, and its name."""

import getpass
import subprocess

from google.auth import jwt
from google.auth.exceptions import DefaultCredentialsError
from google.auth.transport.requests import Request
from google.oauth2.id_token import fetch_id_token

from urgency.errors import Forbidden, UrgencyError
from urgency.google_errors import translated

GCLOUD_TIMEOUT_S = 30


def id_token(audience: str) -> str:
    """An ID token for `audience`: of the service account here, else of gcloud's login.

    Raises Forbidden or Unavailable.
    """
    with translated("get an ID token"):
        try:
            return str(fetch_id_token(Request(), audience))
        except DefaultCredentialsError:  # a person's credentials make none
            return _gcloud_id_token()


def who() -> str:
    """E-mail of the identity that the tokens name, else the operating system's user."""
    try:
        claims = jwt.decode(id_token("urgency-cli"), verify=False)
    except (UrgencyError, ValueError):
        claims = {}
    return str(claims.get("email") or getpass.getuser())


def _gcloud_id_token() -> str:
    command = ["gcloud", "auth", "print-identity-token"]
    try:
        printed = subprocess.run(
            command, capture_output=True, text=True, timeout=GCLOUD_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise Forbidden("No Google credentials for an ID token; run 'gcloud auth login'.") from None
    return printed.stdout.strip()
