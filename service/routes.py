"""The HTTP interface: paths, headers and status codes. The content of answers is made elsewhere."""

from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.answers import BODY_MAX_BYTES, RETRY_LATER, Answers, as_json, required
from service.auth import ReloadCaller
from service.doors.door import JSON
from service.doors.lines import BATCHES
from service.doors.views import Doors, Route
from service.model_cards import StoredModels, model_card
from service.model_slot import Serving
from service.predict import MODEL_NAME
from service.problems import Problem
from urgency.errors import CorruptObject, Gone
from urgency.logs import Log

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MODELS_MAX, MODELS_DEFAULT = 100, 20

_CARD_MAY = "default-src 'none'; style-src 'unsafe-inline'"


class Api:
    """The views; each reads the current model at most once."""

    def __init__(
        self, answers: Answers, models: StoredModels, caller: ReloadCaller, log: Log
    ) -> None:
        self._answers, self._stored, self._caller, self._log = answers, models, caller, log
        self._slot, self._metrics = answers.slot, answers.metrics
        self._doors = Doors(sent_body, self._serving, answers.metrics, answers.observer)

    def blueprint(self) -> Blueprint:
        """The routes of programs."""
        plain = self._answers.paths
        routes: list[Route] = [
            ("POST", self.predict, plain["predict"]),
            ("POST", self.reload, ("/v1/model:reload", "/reload-model")),
            ("GET", self.model, ("/v1/model",)),
            ("GET", self.models, ("/v1/models",)),
            ("GET", self.card, ("/v1/models/<int:version>/card",)),
            ("GET", self.live, plain["live"]),
            ("GET", self.ready, plain["ready"]),
            ("GET", self.metrics, ("/metrics",)),
            *self._doors.routes(),
        ]
        blueprint = Blueprint("api", __name__)
        for method, view, paths in routes:
            for path in paths:
                blueprint.add_url_rule(path, view.__name__, view, methods=[method])
        blueprint.before_app_request(self._begin)
        blueprint.after_app_request(self._finish)
        return blueprint

    def predict(self) -> Response:
        """Tickets -> labels and probabilities."""
        if request.mimetype in BATCHES:
            return self._doors.tables()
        return self._answered("predict", sent_body(JSON, *BATCHES))

    def reload(self) -> Response:
        """Check the release pointer now; 409 keeps the old model and says why."""
        self._caller.verify(request.headers)
        before = self._slot.current
        try:
            serving = g.exchange.serving = self._slot.reload()
        except (CorruptObject, Gone) as error:
            self._log.error("reload_refused", reason=str(error))
            raise Problem(409, f"{error} {_still_serving(before)}") from None
        if serving is None:
            return _json({"status": "no_model", "epoch": 0, "version": 0})
        status = "unchanged" if serving is before else "reloaded"
        return _json({"status": status, "epoch": serving.epoch, "version": serving.version})

    def model(self) -> Response:
        """Everything known of the current model except its weights."""
        serving = self._serving()
        manifest = serving.scorer.manifest
        names = {"name": MODEL_NAME, "manifest_sha256": manifest.sha256}
        return _json(model_card(manifest) | names | {"epoch": serving.epoch})

    def models(self) -> Response:
        """The newest versions, promoted or not."""
        most = _limit(request.args.get("limit", str(MODELS_DEFAULT)))
        serving = self.serving_if_any()
        version = serving.version if serving else 0
        return _json({"models": self._stored.newest(most, version)})

    def card(self, version: int) -> Response:
        """A version's card, a page for people."""
        try:
            card = self._stored.card(version)
        except CorruptObject as error:
            raise Problem(503, str(error), headers=RETRY_LATER) from None
        if card is None:
            raise Problem(404, f"There is no card of version {version}; see GET /v1/models.")
        page = Response(card, content_type="text/html; charset=utf-8")
        page.headers["Content-Security-Policy"] = _CARD_MAY
        return page

    def live(self) -> Response:
        """Whether the process answers."""
        return self._answered("live")

    def ready(self) -> Response:
        """Whether there is a model to answer with."""
        return self._answered("ready")

    def metrics(self) -> Response:
        """Prometheus' text format."""
        serving = self._slot.current
        version, epoch = (serving.version, serving.epoch) if serving else (0, 0)
        stale_s, in_work = self._slot.stale_s or 0.0, self._metrics.in_work
        gauges = {
            "urgency_model_version": ("Version of the model that answers; 0: none.", version),
            "urgency_model_epoch": ("Epoch of the release that it follows.", epoch),
            "urgency_requests_in_work": ("Places taken, this request's among them.", in_work),
            "urgency_model_stale_seconds": ("Age of the pointer, once checks fail.", stale_s),
        }
        return Response(self._metrics.text(gauges), content_type=METRICS_TYPE)

    def serving_if_any(self) -> Serving | None:
        """The model of this request, which its answer's headers name."""
        serving = g.exchange.serving = self._slot.serving()
        return serving

    def _answered(self, name: str, body: bytes = b"") -> Response:
        return _json(self._answers.answer(name, body, g.exchange, self._slot.serving))

    def _serving(self) -> Serving:
        """The model of this request. Raises Problem 503."""
        return required(g.exchange, self._slot.serving())

    def _begin(self) -> None:
        headers = request.headers
        g.exchange = self._answers.exchange(lambda name: headers.get(name, ""))

    def _finish(self, response: Response) -> Response:
        route = (request.endpoint or "none").rpartition(".")[2]
        response.headers.update(g.exchange.finish(route, response.status_code))
        return response


def sent_body(*media_types: str) -> bytes:
    """The request's body, of one of these types. Raises Problem 415 and RequestEntityTooLarge."""
    if request.content_type and request.mimetype not in media_types:
        raise Problem(415, f"Send one of these as Content-Type: {', '.join(media_types)}.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Problem(415, "Send it in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(415, "Send the body as it is, without Content-Encoding.")
    body = request.get_data(cache=False)
    if len(body) > BODY_MAX_BYTES:
        raise RequestEntityTooLarge
    return body


def _limit(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < 9
    if not (is_number and 1 <= int(text) <= MODELS_MAX):
        raise Problem(422, f"limit must be a number from 1 to {MODELS_MAX}.")
    return int(text)


def _json(answer: Any) -> Response:
    body = answer if isinstance(answer, bytes) else as_json(answer)
    return Response(body, content_type="application/json")


def _still_serving(serving: Serving | None) -> str:
    return f"Version {serving.version} goes on serving." if serving else "No model serves now."
