"""The pocket cloud as one WSGI application: several products behind one port."""

import logging
from collections.abc import Callable, Iterable

from flask import Blueprint, Flask, Response, request

from infra.local.pocket.errors import register_errors

log = logging.getLogger(__name__)

Route = tuple[str, str, Callable[..., Response]]
"""HTTP method, path and the view that answers."""


def pocket_app(*products: Blueprint) -> Flask:
    """An application of these products, with Google's shape of errors and a log of every call."""
    app = Flask("pocket", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider's own setting
    register_errors(app)
    app.after_request(_log_call)
    for product in products:
        app.register_blueprint(product)
    return app


def product(name: str, routes: Iterable[Route]) -> Blueprint:
    """A product of these routes, each named after its view."""
    blueprint = Blueprint(name, __name__)
    for method, path, view in routes:
        blueprint.add_url_rule(path, view_func=view, endpoint=view.__name__, methods=[method])
    return blueprint


def _log_call(response: Response) -> Response:
    log.info("%s %s %s", response.status_code, request.method, request.path)
    return response
