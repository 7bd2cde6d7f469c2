"""What the doors take and answer, for the API's description."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from service.doors.csv_rows import CSV
from service.doors.lines import JSON_LINES
from service.doors.mlflow import Scoring
from service.doors.v2 import BINARY
from service.doors.v2_messages import Inference
from service.members import TicketId
from service.operations import JSON, Operation
from service.predict import ModelName, Predictions
from urgency.reasons import Explanation

_ROWS = (
    "Rows under a header, or an object a line; the answer has label, urgent, probability and error"
    " beside. ?explain=k asks for k reasons."
)
TABLE = Annotated[str, Meta(description=_ROWS)]
TABLES: dict[str, tuple[Any, ...]] = {CSV: (TABLE,), JSON_LINES[0]: (TABLE,)}


class Row(Struct):
    """A prediction, or the error of a row that is no ticket."""

    id: TicketId | UnsetType = UNSET
    label: str | UnsetType = UNSET
    urgent: bool | UnsetType = UNSET
    probability: float | UnsetType = UNSET
    explanation: Explanation | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET
    error: str | UnsetType = UNSET


class Rows(Struct):
    """The answer to a table as JSON."""

    predictions: list[Row]
    model: ModelName


class Output(Struct):
    """A column of an answer."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | UnsetType = UNSET
    parameters: dict[str, int] | UnsetType = UNSET


class Inferred(Struct):
    """The protocol's answer; `parameters` has epoch and threshold."""

    model_name: str
    model_version: str
    parameters: dict[str, float]
    outputs: list[Output]
    id: str | UnsetType = UNSET


class ModelReady(Struct):
    """There is a model, or this version of it."""

    name: str
    ready: bool


class Described(Struct):
    """A column of the model; -1: as many as there are tickets."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Struct):
    """What the protocol says of a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Described]
    outputs: list[Described]


class ServerMetadata(Struct):
    """What the protocol says of a server."""

    name: str
    version: str
    extensions: list[str]


class ServerLive(Struct):
    """The process answers."""

    live: bool


class ServerReady(Struct):
    """There is a model to answer with."""

    ready: bool


_TENSOR = {"name": "title", "shape": [1], "datatype": "BYTES", "data": ["Checkout is down"]}

OPERATIONS = {
    "invocations": Operation(
        "Tickets as clients of MLflow, SageMaker and KServe v1 send them",
        {JSON: (Predictions, Rows), **TABLES},
        (400, 413, 415, 422, 503),
        {JSON: (Scoring,), **TABLES},
        {
            "dataframe_split": {
                "dataframe_split": {"columns": ["title"], "data": [["Checkout is down"]]}
            }
        },
    ),
    "infer": Operation(
        "Tickets by the Open Inference Protocol, version 2",
        {JSON: (Inferred,), BINARY: (str,)},
        (400, 404, 413, 415, 422, 503),
        {JSON: (Inference,)},
        {"a ticket": {"inputs": [_TENSOR]}},
    ),
    "model_ready": Operation("Whether this model serves", {JSON: (ModelReady,)}, (404, 503)),
    "model_metadata": Operation("The model's columns", {JSON: (ModelMetadata,)}, (404, 503)),
    "server_metadata": Operation("The protocol's server", {JSON: (ServerMetadata,)}),
    "server_live": Operation("Whether the process answers", {JSON: (ServerLive,)}),
    "server_ready": Operation("Whether there is a model", {JSON: (ServerReady,)}, (503,)),
}
"""View -> what it takes and answers, beside those of `service.operations`."""
