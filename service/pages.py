"""What a person sees: the page to try a ticket on, the API's description, and that as a page."""

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from flask import Blueprint, Response, current_app, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import Rule

from service.answers import BODY_MAX_BYTES, NO_MODEL
from service.model_cards import StoredModels
from service.model_slot import ModelSlot, Serving
from service.predict import MODEL_NAME
from service.problems import Problem
from service.trial import EXAMPLES, FIELDS, Trial, trial
from urgency.bundle import CARD
from urgency.errors import Forbidden, Unavailable, UrgencyError

HISTORY_MAX = 10
"""Versions on the page; each costs a small read."""

_TEMPLATES = Path(__file__).parent / "templates"
_MAY = (
    "default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}


class Pages:
    """The views for people; `serving` looks up the model of a request, as for programs."""

    def __init__(
        self, slot: ModelSlot, models: StoredModels, serving: Callable[[], Serving | None]
    ) -> None:
        self._slot, self._stored, self._serving = slot, models, serving
        self._document: dict[str, Any] | None = None

    def blueprint(self) -> Blueprint:
        """All routes of this module."""
        routes: list[tuple[str, Callable[[], Response], str]] = [
            ("GET", self.openapi, "/openapi.json"),
            ("GET", self.docs, "/docs"),
            ("GET", self.index, "/"),
            ("POST", self.try_ticket, "/"),
        ]
        blueprint = Blueprint("pages", __name__)
        for method, view, path in routes:
            blueprint.add_url_rule(path, view.__name__, view, methods=[method])
        return blueprint

    def index(self) -> Response:
        """For browsers the page, for everybody else the paths of this service."""
        accepted = request.accept_mimetypes
        if accepted["text/html"] <= accepted["application/json"]:
            answer = {"service": MODEL_NAME, "routes": _routes()}
            return _json(msgspec.json.encode(answer), {"Vary": "Accept"})
        serving = self._serving()
        return self._page(serving, {}, history=self._history(serving), drift=self._drift())

    def try_ticket(self) -> Response:
        """The page with the answer to its form, which is in the body: no text gets into a log."""
        form = _form()
        serving = self._serving()
        if serving is None:
            return self._page(None, form, status=503)
        try:
            return self._page(serving, form, tried=trial(form, serving))
        except Problem as problem:
            says = " ".join(error.detail for error in problem.errors) or problem.detail
            return self._page(serving, form, error=says, status=problem.status)

    def openapi(self) -> Response:
        """The API's description, OpenAPI 3.1."""
        return _json(msgspec.json.encode(self._described()))

    def docs(self) -> Response:
        """The API's description, drawn."""
        return _page("docs.html", document=self._described(), encode=_indented)

    def _described(self) -> dict[str, Any]:
        if self._document is None:
            from service.openapi import document  # nobody waits for it at a start

            self._document = document(current_app.url_map.iter_rules())
        return self._document

    def _history(self, serving: Serving | None) -> list[dict[str, Any]] | str:
        """The newest versions, or why they cannot be listed."""
        try:
            version = serving.version if serving else 0
            return self._stored.newest(HISTORY_MAX, version)
        except (Unavailable, Forbidden) as error:
            return str(error)

    def _drift(self) -> dict[str, Any] | None:
        """What the newest drift check found, if it can be read."""
        try:
            return self._stored.drift()
        except UrgencyError:
            return None

    def _page(
        self,
        serving: Serving | None,
        form: dict[str, str],
        *,
        status: int = 200,
        tried: Trial | None = None,
        error: str = "",
        history: list[dict[str, Any]] | str = "",
        drift: dict[str, Any] | None = None,
    ) -> Response:
        manifest = serving.scorer.manifest if serving else None
        page = _page(
            "index.html",
            status,
            manifest=manifest,
            epoch=serving.epoch if serving else 0,
            has_card=bool(manifest and CARD in manifest.parts),
            stale_s=self._slot.stale_s,
            no_model=NO_MODEL,
            examples=EXAMPLES,
            form=dict.fromkeys(FIELDS, "") | form,
            tried=tried,
            error=error,
            history=history,
            drift=drift,
        )
        if status == 503:
            page.headers["Retry-After"] = "30"
        return page


class _Inline(NamedTuple):
    """What stands in every page, and the policy that allows exactly that."""

    style: str
    script: str
    policy: str


@cache
def _inline() -> _Inline:
    style, script = ((_TEMPLATES / name).read_text() for name in ("page.css", "try.js"))
    return _Inline(style, script, _MAY.format(style=_hash(style), script=_hash(script)))


def _hash(text: str) -> str:
    """The source expression of an inline element (Content Security Policy 3, section 2.3.1)."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _page(template: str, status: int = 200, **values: Any) -> Response:
    page = Response(render_template(template, inline=_inline(), **values), status)
    page.content_type = "text/html; charset=utf-8"
    page.headers["Content-Security-Policy"] = _inline().policy
    page.headers.update(_HEADERS)
    return page


def _form() -> dict[str, str]:
    """The form's fields, an example's text if one was chosen. Raises Problem 415."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise Problem(415, "This is the page's form; programs send JSON to POST /v1/predict.")
    body = request.get_data(cache=False)
    if len(body) > BODY_MAX_BYTES:
        raise RequestEntityTooLarge
    sent = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=None))
    if sent.get("example") in EXAMPLES:
        return EXAMPLES[sent["example"]]
    return {field: sent.get(field, "") for field in FIELDS}


def method_of(rule: Rule) -> str:
    """The one method that a view was made for."""
    return min((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"})


def _routes() -> list[dict[str, Any]]:
    """Every view with its method and paths, as Flask writes them."""
    views: dict[str, dict[str, Any]] = {}
    for rule in current_app.url_map.iter_rules():
        view = views.setdefault(rule.endpoint, {"method": method_of(rule), "paths": []})
        view["paths"].append(rule.rule)
    return [*views.values()]


def _json(body: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(body, content_type="application/json", headers=headers)


def _indented(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
