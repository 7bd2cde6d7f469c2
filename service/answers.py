"""What programs are answered most often, bytes in and bytes out: needs neither server nor Flask."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from service.exchange import Exchange
from service.metrics import Metrics
from service.model_slot import ModelSlot, Serving
from service.observed import Observer
from service.predict import encode, predict, read_request
from service.problems import Problem, problem_of
from service.request_log import Header, RequestLog, TracedLog

BODY_MAX_BYTES = 1_500_000
RETRY_LATER = {"Retry-After": "30"}
NO_MODEL = (
    "There is no model yet. Drop a CSV of labelled tickets into the landing bucket, below"
    " incoming/; then read its receipt, below receipts/."
)

LookUpModel = Callable[[], Serving | None]


class Answers:
    """The answers; each is of one model.

    predict_paths, ready_paths: further paths, beside the service's own.
    """

    def __init__(
        self,
        slot: ModelSlot,
        metrics: Metrics,
        observer: Observer,
        *,
        traced: TracedLog,
        lines: RequestLog | None,
        predict_paths: Sequence[str] = (),
        ready_paths: Sequence[str] = (),
    ) -> None:
        self.slot, self.metrics, self.observer = slot, metrics, observer
        self.traced, self._lines = traced, lines
        self.paths: dict[str, tuple[str, ...]] = {
            "predict": ("/v1/predict", "/predict", *predict_paths),
            "live": ("/health/live",),
            "ready": ("/health/ready", "/health", "/ping", *ready_paths),
        }
        """Name of an answer -> its paths; "predict" is asked by POST, the others by GET."""

    def answer(self, name: str, body: bytes, exchange: Exchange, model: LookUpModel) -> bytes:
        """The answer of this name, one of `paths`. Raises Problem.

        model: called at most once, and after a body is known to be good.
        """
        if name == "predict":
            return self._prediction(body, exchange, model)
        if name == "live":
            return as_json({"status": "live"})
        serving = required(exchange, model())
        return as_json({"status": "ready", "epoch": serving.epoch, "version": serving.version})

    def exchange(self, header: Header) -> Exchange:
        """A request that begins now."""
        return Exchange(self.slot, self.metrics, header, self._lines)

    def problem(self, error: Exception, path: str, exchange: Exchange) -> Problem:
        """What the caller is told of an error."""
        return problem_of(error, path, self.traced.of(exchange.header))

    def _prediction(self, body: bytes, exchange: Exchange, model: LookUpModel) -> bytes:
        """Raises Problem 400, 422, or 503 without a model."""
        asked = read_request(body)
        serving = required(exchange, model())
        predictions = predict(asked, serving, self.observer.tally(serving))
        for prediction in predictions:
            self.metrics.predictions.add(prediction.label)
        return encode(asked, predictions, serving)


def required(exchange: Exchange, serving: Serving | None) -> Serving:
    """The model of a request, which its answer's headers name then. Raises Problem 503."""
    if serving is None:
        raise Problem(503, NO_MODEL, headers=RETRY_LATER)
    exchange.serving = serving
    return serving


def as_json(answer: Any) -> bytes:
    """The JSON of an answer."""
    return msgspec.json.encode(answer)
