"""The metadata server of every account, and the certificates that verify its ID tokens."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import NotFound

from infra.local.pocket.errors import ApiError
from infra.local.pocket.identity import TOKEN_LIFE_S, Identity

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


def metadata_blueprint(identity: Identity) -> Blueprint:
    """A metadata server for each account below `/as/`; certificates at `/oauth2/v1/certs`."""
    routes = Blueprint("metadata", __name__)
    routes.before_request(_expect_flavor)
    routes.after_request(_add_flavor)
    server = _MetadataServer(identity)
    routes.get("/oauth2/v1/certs")(server.certificates)
    routes.get("/as/<address>")(server.ping)
    routes.get("/as/<address>/computeMetadata/v1/")(server.ping)
    routes.get("/as/<address>/computeMetadata/v1/<path:name>")(server.of_machine)
    account = "/as/<address>/computeMetadata/v1/instance/service-accounts/<alias>/"
    routes.get(account)(server.service_account)
    routes.get(f"{account}email")(server.email)
    routes.get(f"{account}token")(server.access_token)
    routes.get(f"{account}identity")(server.id_token)
    return routes


class _MetadataServer:
    """What google-auth asks of its machine. `alias` is ignored: a server has one account."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._of_machine = {
            "project/project-id": identity.project,
            "instance/region": f"projects/{identity.project}/regions/{identity.region}",
            "universe/universe-domain": "googleapis.com",
        }

    def ping(self, address: str) -> Response:
        self._identity.email_at(address)
        return _text("computeMetadata/\n")

    def of_machine(self, address: str, name: str) -> Response:
        if name not in self._of_machine:
            raise NotFound
        return _text(self._of_machine[name])

    def service_account(self, address: str, alias: str) -> Response:
        # Not the e-mail: given one, google-auth asks iamcredentials.googleapis.com for its
        # "allowedLocations" in a background thread, and so shows our token to another machine.
        # Workload identities have no e-mail here too.
        self._identity.email_at(address)
        return jsonify(email=address.partition(".")[0], aliases=["default"], scopes=_SCOPES)

    def email(self, address: str, alias: str) -> Response:
        return _text(self._identity.email_at(address))

    def access_token(self, address: str, alias: str) -> Response:
        token = self._identity.access_token(self._identity.email_at(address))
        return jsonify({"access_token": token, "expires_in": TOKEN_LIFE_S, "token_type": "Bearer"})

    def id_token(self, address: str, alias: str) -> Response:
        if not (audience := request.args.get("audience")):
            raise ApiError(400, "required", "non-empty audience parameter required")
        return _text(self._identity.id_token(self._identity.email_at(address), audience))

    def certificates(self) -> Response:
        keys = self._identity.keys
        return jsonify({keys.key_id: keys.certificate_pem})


def _expect_flavor() -> None:
    """No browser sends this header by itself, so web pages cannot fetch tokens."""
    if request.path.startswith("/as/") and request.headers.get("Metadata-Flavor") != "Google":
        raise ApiError(403, "forbidden", "Missing Metadata-Flavor:Google header.")


def _add_flavor(response: Response) -> Response:
    response.headers["Metadata-Flavor"] = "Google"
    return response


def _text(body: str) -> Response:
    return Response(body, mimetype="text/plain")
