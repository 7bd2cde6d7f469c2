"""The metadata server of every account, and the certificates that verify its ID tokens."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.app import Route, product
from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import TOKEN_LIFE_S, Identity

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def metadata_blueprint(identity: Identity) -> Blueprint:
    """A metadata server for each account at `/as/<account>`; certificates at `/oauth2/v1/certs`."""
    server = _MetadataServer(identity)
    root = "/as/<account>/computeMetadata/v1/"
    service_account = root + "instance/service-accounts/<alias>/"
    routes: list[Route] = [
        ("GET", "/as/<account>", server.ping),
        ("GET", root, server.ping),
        ("GET", root + "project/project-id", server.project_id),
        ("GET", root + "instance/region", server.region),
        ("GET", root + "universe/universe-domain", server.universe_domain),
        ("GET", service_account, server.service_account),
        ("GET", service_account + "email", server.email),
        ("GET", service_account + "token", server.access_token),
        ("GET", service_account + "identity", server.id_token),
        ("GET", "/oauth2/v1/certs", server.certificates),
    ]
    blueprint = product("metadata", routes)
    blueprint.before_request(_expect_flavor)
    blueprint.after_request(_add_flavor)
    return blueprint


class _MetadataServer:
    """What google-auth asks of its machine. `alias` is ignored: a server has one account."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def ping(self, account: str) -> Response:
        self._identity.email(account)
        return _text("computeMetadata/\n")

    def project_id(self, account: str) -> Response:
        return _text(self._identity.project)

    def region(self, account: str) -> Response:
        return _text(f"projects/{self._identity.project}/regions/{self._identity.region}")

    def universe_domain(self, account: str) -> Response:
        return _text("googleapis.com")

    def service_account(self, account: str, alias: str) -> Response:
        # Not the e-mail: given one, google-auth asks iamcredentials.googleapis.com for its
        # "allowedLocations" in a background thread, and so shows our token to another machine.
        # Workload identities have no e-mail here too.
        self._identity.email(account)
        return jsonify(email=account, aliases=["default"], scopes=_SCOPES)

    def email(self, account: str, alias: str) -> Response:
        return _text(self._identity.email(account))

    def access_token(self, account: str, alias: str) -> Response:
        token = self._identity.access_token(self._identity.email(account))
        return jsonify({"access_token": token, "expires_in": TOKEN_LIFE_S, "token_type": "Bearer"})

    def id_token(self, account: str, alias: str) -> Response:
        if not (audience := request.args.get("audience")):
            raise ApiError(400, "required", "non-empty audience parameter required")
        return _text(self._identity.id_token(self._identity.email(account), audience))

    def certificates(self) -> Response:
        return jsonify({self._identity.keys.key_id: self._identity.keys.certificate_pem})


def _expect_flavor() -> None:
    """No browser sends this header by itself, so web pages cannot fetch tokens."""
    if request.path.startswith("/as/") and request.headers.get("Metadata-Flavor") != "Google":
        raise ApiError(403, "forbidden", "Missing Metadata-Flavor:Google header.")


def _add_flavor(response: Response) -> Response:
    response.headers["Metadata-Flavor"] = "Google"
    return response


def _text(body: str) -> Response:
    return Response(body, mimetype="text/plain")
