"""The HTTP interface: paths, headers and status codes. The content of answers is made elsewhere."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.auth import ReloadCaller
from service.doors.door import JSON
from service.doors.lines import BATCHES
from service.doors.views import Doors, Route
from service.exchange import Exchange
from service.metrics import Metrics
from service.model_cards import StoredModels, model_card
from service.model_slot import ModelSlot, Serving
from service.observed import Observer
from service.predict import MODEL_NAME, encode, predict, read_request
from service.problems import Problem, problem_of
from service.request_log import Header, RequestLog, TracedLog
from urgency.errors import CorruptObject, Gone
from urgency.logs import Log

BODY_MAX_BYTES = 1_500_000
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MODELS_MAX, MODELS_DEFAULT = 100, 20

RETRY_LATER = {"Retry-After": "30"}
_CARD_MAY = "default-src 'none'; style-src 'unsafe-inline'"
NO_MODEL = (
    "There is no model yet. Drop a CSV of labelled tickets into the landing bucket, below"
    " incoming/; then read its receipt, below receipts/."
)


LookUpModel = Callable[[], Serving | None]


class Api:
    """The views; each reads the current model at most once."""

    def __init__(
        self,
        slot: ModelSlot,
        models: StoredModels,
        caller: ReloadCaller,
        metrics: Metrics,
        log: Log,
        *,
        traced: TracedLog,
        lines: RequestLog | None,
        observer: Observer,
    ) -> None:
        self._slot, self._stored, self._caller = slot, models, caller
        self._metrics, self._log, self._traced, self._lines = metrics, log, traced, lines
        self._observer = observer
        self.predict_paths: frozenset[str] = frozenset()
        self._doors = Doors(sent_body, self._serving, metrics, observer)

    def blueprint(
        self, predict_routes: Iterable[str] = (), health_routes: Iterable[str] = ()
    ) -> Blueprint:
        """The routes of programs; further paths that predict, and that say whether all is ready."""
        routes: list[Route] = [
            ("POST", self.predict, ("/v1/predict", "/predict", *predict_routes)),
            ("POST", self.reload, ("/v1/model:reload", "/reload-model")),
            ("GET", self.model, ("/v1/model",)),
            ("GET", self.models, ("/v1/models",)),
            ("GET", self.card, ("/v1/models/<int:version>/card",)),
            ("GET", self.live, ("/health/live",)),
            ("GET", self.ready, ("/health/ready", "/health", "/ping", *health_routes)),
            ("GET", self.metrics, ("/metrics",)),
            *self._doors.routes(),
        ]
        self.predict_paths = frozenset(routes[0][2])
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
        body = sent_body(JSON, *BATCHES)
        return _json(self.prediction(body, g.exchange, self._slot.serving))

    def prediction(self, body: bytes, exchange: Exchange, model: LookUpModel) -> bytes:
        """The answer to a predict request. Raises Problem 400, 422, or 503 without a model.

        model: asked once the body is known to be good; every answer is of one model.
        """
        asked = read_request(body)
        serving = _required(exchange, model())
        predictions = predict(asked, serving, self._observer.tally(serving))
        for prediction in predictions:
            self._metrics.predictions.add(prediction.label)
        return encode(asked, predictions, serving)

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
        return _json({"status": "live"})

    def ready(self) -> Response:
        """Whether there is a model to answer with."""
        serving = self._serving()
        return _json({"status": "ready", "epoch": serving.epoch, "version": serving.version})

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

    def exchange(self, header: Header) -> Exchange:
        """A request that begins now."""
        return Exchange(self._slot, self._metrics, header, self._lines)

    def problem(self, error: Exception, path: str, exchange: Exchange) -> Problem:
        """What the caller is told of an error."""
        return problem_of(error, path, self._traced.of(exchange.header))

    def _serving(self) -> Serving:
        """The model of this request. Raises Problem 503."""
        return _required(g.exchange, self._slot.serving())

    def _begin(self) -> None:
        headers = request.headers
        g.exchange = self.exchange(lambda name: headers.get(name, ""))

    def _finish(self, response: Response) -> Response:
        route = (request.endpoint or "none").rpartition(".")[2]
        response.headers.update(g.exchange.finish(route, response.status_code))
        return response


def _required(exchange: Exchange, serving: Serving | None) -> Serving:
    """The model of a request. Raises Problem 503."""
    if serving is None:
        raise Problem(503, NO_MODEL, headers=RETRY_LATER)
    exchange.serving = serving
    return serving


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
    body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
    return Response(body, content_type="application/json")


def _still_serving(serving: Serving | None) -> str:
    return f"Version {serving.version} goes on serving." if serving else "No model serves now."
