"""Credentials: who runs the command, by Google's application-default credentials, and its tokens.

A file comes first (gcloud's login, an impersonated account, GitHub's workload identity); the
metadata server is asked only where none is, and only when it answers at once.
"""

import getpass
import os
import subprocess
import warnings
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import google.auth
from google.auth import external_account, impersonated_credentials, jwt
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials as PersonsCredentials
from google.oauth2.id_token import fetch_id_token_credentials

from urgency.errors import Forbidden, UrgencyError
from urgency.google_errors import translated

GCLOUD_TIMEOUT_S = 30
METADATA_S = 0.5
"""On Google the metadata server answers in a few ms; elsewhere its address may swallow packets."""

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LOGIN = "run 'gcloud auth application-default login'"


def find_credentials(environ: Mapping[str, str] = os.environ) -> Any:
    """The application-default credentials. Raises Forbidden within a second where there are none.

    environ: says where to look; google-auth itself reads the process's own.
    """
    if not _has_file(environ) and not _metadata_answers(environ):
        raise Forbidden(f"There are no Google credentials here; {LOGIN}.")
    with translated("use the Google credentials found here"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "no quota project": see `counted_against`
        return google.auth.default(scopes=SCOPES)[0]


def counted_against(project: str, credentials: Any) -> Any:
    """A person's credentials whose calls count against `project`, unless they name another one.

    Cloud Run and Pub/Sub ask this of people; service accounts belong to a project already.
    """
    is_person = isinstance(credentials, PersonsCredentials) or getattr(
        credentials, "is_user", False
    )
    if is_person and not credentials.quota_project_id:
        return credentials.with_quota_project(project)
    return credentials


def id_token(credentials: Any, audience: str) -> str:
    """An ID token of these credentials for `audience`; of a person, that of gcloud's login.

    Raises Forbidden or Unavailable.
    """
    with translated("get an ID token"):
        maker = _id_token_maker(credentials, audience)
        if maker is None:
            return _gcloud_id_token()
        maker.refresh(Request())
        return str(maker.token)


def who(credentials: Any) -> str:
    """E-mail of the identity whose credentials these are, else the operating system's user."""
    named = str(getattr(credentials, "service_account_email", None) or "")
    if "@" in named:
        return named
    try:
        claims = jwt.decode(_own_id_token(credentials), verify=False)
    except (GoogleAuthError, UrgencyError, ValueError):
        claims = {}
    return str(claims.get("email") or getpass.getuser())


def _has_file(environ: Mapping[str, str]) -> bool:
    if environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return True
    default = Path(environ["APPDATA"], "gcloud") if os.name == "nt" else Path("~/.config/gcloud")
    folder = Path(environ.get("CLOUDSDK_CONFIG") or default.expanduser())
    return (folder / "application_default_credentials.json").is_file()


def _metadata_answers(environ: Mapping[str, str]) -> bool:
    """Whether a metadata server answers at once; no proxy is asked, as google-auth asks none."""
    address = environ.get("GCE_METADATA_IP") or environ.get("GCE_METADATA_HOST")
    host, _, path = (address or "169.254.169.254").partition("/")
    try:
        with closing(HTTPConnection(host, timeout=METADATA_S)) as connection:
            connection.request("GET", f"/{path}", headers={"Metadata-Flavor": "Google"})
            return connection.getresponse().getheader("Metadata-Flavor") == "Google"
    except (OSError, HTTPException):
        return False


def _id_token_maker(credentials: Any, audience: str) -> Any:
    """What makes ID tokens for `audience` as these credentials; None for a person's."""
    from google.auth import compute_engine  # it reads GCE_METADATA_HOST once, when imported

    if isinstance(credentials, compute_engine.Credentials):
        return compute_engine.IDTokenCredentials(
            Request(), audience, use_metadata_identity_endpoint=True
        )
    if isinstance(credentials, service_account.Credentials):
        return fetch_id_token_credentials(audience)
    if isinstance(credentials, external_account.Credentials):
        credentials = _impersonation(credentials)
    if isinstance(credentials, impersonated_credentials.Credentials):
        return impersonated_credentials.IDTokenCredentials(
            credentials, audience, include_email=True
        )
    return None


def _impersonation(credentials: Any) -> Any:
    """The step from a federated token to its service account, which Google's library hides."""
    if not (email := credentials.service_account_email):
        raise Forbidden(
            "A federated identity without a service account has no ID tokens, which the service"
            " asks for: name a service account in the workload identity's configuration."
        )
    source = {
        name: value
        for name, value in credentials.info.items()
        if not name.startswith("service_account_impersonation")
    }
    federated = type(credentials).from_info(source, scopes=SCOPES)
    return impersonated_credentials.Credentials(federated, email, list(SCOPES))


def _own_id_token(credentials: Any) -> str:
    """An ID token that says whose credentials these are; for a person, that of their login."""
    if isinstance(credentials, PersonsCredentials):
        credentials.refresh(Request())
        return str(credentials.id_token or "")
    maker = _id_token_maker(credentials, "urgency-cli")
    if maker is None:
        return ""
    maker.refresh(Request())
    return str(maker.token)


def _gcloud_id_token() -> str:
    command = ["gcloud", "auth", "print-identity-token"]
    try:
        printed = subprocess.run(
            command, capture_output=True, text=True, timeout=GCLOUD_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise Forbidden(
            "Google's library makes no ID token of a person's credentials, and gcloud gave none;"
            " run 'gcloud auth login', or impersonate a service account."
        ) from None
    return printed.stdout.strip()
