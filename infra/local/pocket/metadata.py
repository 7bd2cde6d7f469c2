"""The metadata server of every account, and the certificates that verify its ID tokens."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import TOKEN_LIFE_S, Identity

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def metadata_blueprint(identity: Identity) -> Blueprint:
    """One metadata server an account below `/as/<account>`; certificates at `/oauth2/v1/certs` and
    `v3`.
    """
    server = _MetadataServer(identity)
    root = "/as/<account>/computeMetadata/v1/"
    service_account = root + "instance/service-accounts/<alias>/"
    views: dict[str, Callable[..., Response]] = {
        "/as/<account>": server.ping,
        root: server.ping,
        root + "project/project-id": server.project_id,
        root + "instance/region": server.region,
        root + "universe/universe-domain": server.universe_domain,
        service_account: server.described,
        service_account + "email": server.email,
        service_account + "token": server.access_token,
        service_account + "identity": server.id_token,
        "/oauth2/v1/certs": server.certificates,
        "/oauth2/v3/certs": server.json_web_keys,
    }
    routes = Blueprint("metadata", __name__)
    for rule, view in views.items():
        routes.add_url_rule(rule, view_func=view, endpoint=view.__name__)
    routes.before_request(_flavoured)
    routes.after_request(_with_flavour)
    return routes


class _MetadataServer:
    """What google-auth asks of the machine that it runs on. `alias` is 'default' or a name: one
    account a server.
    """

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

    def described(self, account: str, alias: str) -> Response:
        # Not the e-mail: given one, google-auth asks iamcredentials.googleapis.com for its
        # "allowedLocations" in a background thread, and so shows our token to a machine outside.
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

    def json_web_keys(self) -> Response:
        return jsonify(keys=[self._identity.keys.json_web_key()])


def _flavoured() -> None:
    """A header that no browser sends by itself keeps web pages from fetching tokens."""
    if request.path.startswith("/as/") and request.headers.get("Metadata-Flavor") != "Google":
        raise ApiError(403, "forbidden", "Missing Metadata-Flavor:Google header.")


def _with_flavour(response: Response) -> Response:
    response.headers["Metadata-Flavor"] = "Google"
    return response


def _text(body: str) -> Response:
    return Response(body, mimetype="text/plain")
