"""The messages of the Open Inference Protocol, as far as they are read and written here."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from service.predict import Parameters


class TensorParameters(Struct):
    """`binary_data_size`: how many bytes after the JSON are this tensor."""

    binary_data_size: int | None = None


class Tensor(Struct):
    """A column: `shape` [n] or [n, 1], `data` flat or nested."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | UnsetType = UNSET
    parameters: TensorParameters | None = None


class OutputParameters(Struct):
    """`binary_data`: whether this output comes as bytes after the JSON."""

    binary_data: bool | None = None


class Named(Struct):
    """An output that is asked for."""

    name: str
    parameters: OutputParameters | None = None


class InferParameters(Parameters):
    """`binary_data_output`: whether outputs come as bytes that do not say otherwise."""

    binary_data_output: bool = False


class Inference(Struct):
    """A request."""

    inputs: list[Tensor]
    outputs: list[Named] | None = None
    parameters: InferParameters | None = None
    id: str | None = None


class Output(Struct):
    """A column of an answer: its `data`, or how many bytes after the JSON it is."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | UnsetType = UNSET
    parameters: TensorParameters | UnsetType = UNSET


class ModelParameters(Struct):
    """What else the model says: the release that it follows, and from where a ticket is urgent."""

    epoch: int
    threshold: float


class Inferred(Struct):
    """An answer; `id` is the request's."""

    model_name: str
    model_version: str
    parameters: ModelParameters
    outputs: list[Output]
    id: str | UnsetType = UNSET


class TensorMetadata(Struct):
    """An input or output; -1: as long as one likes."""

    name: str
    datatype: str
    shape: list[int] = field(default_factory=lambda: [-1])


class ModelMetadata(Struct):
    """A model, its versions that answer, and its inputs and outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ServerMetadata(Struct):
    """The server, and what it does beyond the protocol."""

    name: str
    version: str
    extensions: list[str] = []


class ServerLive(Struct):
    """Whether the process answers."""

    live: bool


class ServerReady(Struct):
    """Whether there is a model to answer with."""

    ready: bool


class ModelReady(Struct):
    """The same by the model's name."""

    name: str
    ready: bool
