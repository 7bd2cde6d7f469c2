"""The paths that predict, and those by which other protocols ask what serves."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from flask import Response, request
from msgspec import Struct

from service.doors.binary_tensors import EXTENSION
from service.doors.door import JSON, Answer, Door, Sent
from service.doors.lines import BATCHES, lines_door
from service.doors.mlflow import MLFLOW
from service.doors.v2 import BINARY, JSON_SIZE, V2, model_metadata
from service.doors.v2_messages import ModelReady, ServerLive, ServerMetadata, ServerReady
from service.metrics import Metrics
from service.model_slot import Serving
from service.observed import Observer
from service.predict import MODEL_NAME, predict
from service.problems import Problem

API_VERSION = "1"
"""Of the service's own API, below /v1."""

Route = tuple[str, Callable[..., Response], tuple[str, ...]]
"""Method, view, paths."""

_TABLES = dict.fromkeys(BATCHES, lines_door())
_INVOCATIONS = dict.fromkeys(BATCHES, lines_door(prefer=JSON)) | {JSON: MLFLOW}
_INFER = {JSON: V2, BINARY: V2}
_V2_MODEL = f"/v2/models/{MODEL_NAME}"
_V2_VERSION = f"{_V2_MODEL}/versions/<int:version>"


class Doors:
    """The views.

    body: of the request, if it has one of these media types.   serving: the model; called at most
    once a request. Both raise Problem.
    """

    def __init__(
        self,
        body: Callable[..., bytes],
        serving: Callable[[], Serving],
        metrics: Metrics,
        observer: Observer,
    ) -> None:
        self._body, self._serving = body, serving
        self._metrics, self._observer = metrics, observer

    def routes(self) -> list[Route]:
        """All of them but tables, which come by the paths of the plain predict."""
        kserve = f"/v1/models/{MODEL_NAME}"
        return [
            ("POST", self.invocations, ("/invocations", f"{kserve}:predict")),
            ("POST", self.infer, (f"{_V2_MODEL}/infer", f"{_V2_VERSION}/infer")),
            ("GET", self.model_ready, (kserve, f"{_V2_MODEL}/ready", f"{_V2_VERSION}/ready")),
            ("GET", self.model_metadata, (_V2_MODEL, _V2_VERSION)),
            ("GET", self.server_metadata, ("/v2",)),
            ("GET", self.server_live, ("/v2/health/live",)),
            ("GET", self.server_ready, ("/v2/health/ready",)),
        ]

    def tables(self) -> Response:
        """Tickets as CSV or JSON lines -> the same with labels and probabilities."""
        return self._answered(_TABLES)

    def invocations(self) -> Response:
        """Tickets as clients of MLflow, SageMaker and KServe send them."""
        return self._answered(_INVOCATIONS)

    def infer(self, version: int | None = None) -> Response:
        """Tickets by the Open Inference Protocol."""
        return self._answered(_INFER, version)

    def model_ready(self, version: int | None = None) -> Response:
        """Whether there is a model, or this version of it, to answer with."""
        self._version(version)
        return _json(ModelReady(MODEL_NAME, ready=True))

    def model_metadata(self, version: int | None = None) -> Response:
        """Inputs and outputs of the model."""
        return _json(model_metadata(self._version(version).version))

    def server_metadata(self) -> Response:
        """What the protocol says of a server."""
        return _json(ServerMetadata(MODEL_NAME, API_VERSION, [EXTENSION]))

    def server_live(self) -> Response:
        """Whether the process answers."""
        return _json(ServerLive(live=True))

    def server_ready(self) -> Response:
        """Whether there is a model to answer with."""
        self._serving()
        return _json(ServerReady(ready=True))

    def _answered(self, doors: dict[str, Door], version: int | None = None) -> Response:
        body, headers = self._body(*doors), request.headers
        media_type = request.mimetype or JSON
        json_size = headers.get(JSON_SIZE, "")
        door = doors[media_type]
        sent = Sent(body, media_type, headers.get("Accept", ""), request.args, json_size)
        asked = door.read(sent)
        serving = self._version(version)
        predictions = predict(asked, serving, self._observer.tally(serving))
        for prediction in predictions:
            self._metrics.predictions.add(prediction.label)
        answer: Answer = door.answer(asked, predictions, serving)
        own = dict(answer.headers)
        return Response(answer.body, headers=own, content_type=answer.content_type)

    def _version(self, version: int | None) -> Serving:
        """What serves. Raises Problem 404 if that is another version than the one asked for."""
        serving = self._serving()
        if version not in (None, serving.version):
            raise Problem(404, f"Version {serving.version} serves, and no other.")
        return serving


def _json(answer: Struct) -> Response:
    return Response(msgspec.json.encode(answer), content_type=JSON)
