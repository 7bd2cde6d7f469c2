"""Google's token endpoints on this machine, for the real google-auth: they answer with the pocket
cloud's tokens and remember who asked for what.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request
from google.auth import _regional_access_boundary_utils as boundaries
from google.auth import iam
from google.oauth2 import credentials as persons

from infra.local.pocket.identity import Identity
from tests.support.cloud.pocket import served

REFRESHED, FEDERATED = "refresh token of a login", "GitHub's token"
EXPIRES = "2100-01-01T00:00:00Z"
NUMBER, POOL = "100000000001", "locations/global/workloadIdentityPools/github-apply"


@dataclass(frozen=True)
class TokenEndpoints:
    """`asked` holds (what, who or for whom) in the order of the requests."""

    url: str
    folder: Path
    asked: list[tuple[str, str]] = field(default_factory=list)

    def login(self, **members: Any) -> dict[str, Any]:
        """What 'gcloud auth application-default login' writes."""
        secret = {"client_id": "id", "client_secret": "secret", "refresh_token": REFRESHED}
        return {"type": "authorized_user", **secret, **members}

    def impersonated(self, email: str) -> dict[str, Any]:
        """What the same writes with --impersonate-service-account."""
        kind = {"type": "impersonated_service_account", "source_credentials": self.login()}
        return {**kind, "service_account_impersonation_url": self.impersonation_of(email)}

    def github(self, email: str = "") -> dict[str, Any]:
        """What google-github-actions/auth writes, with a service account or without one."""
        token = self.folder / "github-token"
        token.write_text(FEDERATED)
        config = {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/projects/{NUMBER}/{POOL}/providers/github",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.url}/v1/token",
            "credential_source": {"file": str(token)},
        }
        if email:
            config["service_account_impersonation_url"] = self.impersonation_of(email)
        return config

    def impersonation_of(self, email: str) -> str:
        return f"{self.url}/v1/projects/-/serviceAccounts/{email}:generateAccessToken"

    def file(self, content: dict[str, Any]) -> str:
        """Where application-default credentials of this content lie."""
        where = self.folder / "credentials.json"
        where.write_text(json.dumps(content))
        return str(where)


@contextmanager
def token_endpoints(
    folder: Path, identity: Identity, person: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TokenEndpoints]:
    """Endpoints that know one login, of `person`, and one token of GitHub."""
    app = Flask("tokens")
    with served(app) as address:
        url = f"http://{address}"
        found = TokenEndpoints(url, folder)
        _answer(app, found.asked.append, identity, person)
        account = f"{url}/v1/projects/-/serviceAccounts/{{}}"
        monkeypatch.setattr(persons, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{url}/token")
        monkeypatch.setattr(iam, "_IAM_ENDPOINT", f"{account}:generateAccessToken")
        monkeypatch.setattr(iam, "_IAM_IDTOKEN_ENDPOINT", f"{account}:generateIdToken")
        # Asked in a thread of its own, at an address that cannot be ours: it must be https.
        monkeypatch.setattr(boundaries, "_get_domain", lambda: "127.0.0.1:1")
        yield found


def _answer(
    app: Flask, note: Callable[[tuple[str, str]], None], identity: Identity, person: str
) -> None:
    may_impersonate = {"Bearer federated"}

    def login() -> Response | tuple[str, int]:
        note(("login", person))
        if request.form["refresh_token"] != REFRESHED:
            return '{"error": "invalid_grant"}', 400
        token = identity.access_token(person)
        may_impersonate.add(f"Bearer {token}")
        tokens = {"access_token": token, "id_token": identity.id_token(person, "a login")}
        return jsonify(**tokens, expires_in=3600, token_type="Bearer")

    def exchange() -> Response | tuple[str, int]:
        note(("exchange", request.form["audience"].rpartition("/")[2]))
        if request.form["subject_token"] != FEDERATED:
            return '{"error": "invalid_grant"}', 400
        kind = "urn:ietf:params:oauth:token-type:access_token"
        answer = {"access_token": "federated", "issued_token_type": kind, "expires_in": 3600}
        return jsonify(**answer, token_type="Bearer")

    def account(email: str, what: str) -> Response | tuple[str, int]:
        note((what, email))
        if request.headers["Authorization"] not in may_impersonate:
            return '{"error": {"message": "iam.serviceAccounts.getAccessToken denied"}}', 403
        if what == "generateIdToken":
            assert request.json["includeEmail"]
            return jsonify(token=identity.id_token(email, request.json["audience"]))
        return jsonify(accessToken=identity.access_token(email), expireTime=EXPIRES)

    app.add_url_rule("/token", view_func=login, methods=["POST"])
    app.add_url_rule("/v1/token", view_func=exchange, methods=["POST"])
    path = "/v1/projects/-/serviceAccounts/<email>:<what>"
    app.add_url_rule(path, view_func=account, methods=["POST"])
