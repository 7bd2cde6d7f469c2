"""The pocket cloud as one WSGI application: whichever products it is given, behind one port."""

from __future__ import annotations

import logging

from flask import Blueprint, Flask, Response, request

from infra.local.pocket.errors import register_errors

log = logging.getLogger(__name__)


def pocket_app(*products: Blueprint) -> Flask:
    """An application of these blueprints; its errors have Google's shape and its log shows every
    call.
    """
    app = Flask("pocket", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider's own setting
    register_errors(app)
    app.after_request(_logged)
    for product in products:
        app.register_blueprint(product)
    return app


def _logged(response: Response) -> Response:
    log.info("%s %s %s", response.status_code, request.method, request.path)
    return response
