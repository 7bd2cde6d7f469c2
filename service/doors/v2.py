"""The Open Inference Protocol, version 2, over HTTP: columns in, columns out.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
Tensors in binary form after the JSON are read, and written for those who ask for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType, ValidationError

from service.bodies import decoded, flaw
from service.doors.binary_tensors import BadBytes, as_bytes, texts
from service.doors.door import Answer, Door, Sent, read_columns
from service.doors.v2_messages import (
    Inference,
    Inferred,
    ModelMetadata,
    ModelParameters,
    Output,
    Tensor,
    TensorMetadata,
    TensorParameters,
)
from service.model_slot import Serving
from service.predict import MODEL_NAME, Prediction
from service.problems import Problem
from service.tickets import SentTicket
from urgency.vocabulary import role_of

BYTES = "BYTES"
INPUTS = ("title", "description", "source", "customer_tier")
BINARY = "application/octet-stream"
JSON_SIZE = "Inference-Header-Content-Length"

_OUTPUTS: dict[str, tuple[str, Callable[[Prediction], Any]]] = {
    "label": (BYTES, lambda one: one.label),
    "urgent": ("BOOL", lambda one: one.urgent),
    "probability": ("FP64", lambda one: one.probability),
    "warnings": (BYTES, lambda one: " ".join(one.warnings or ())),
    "explanation": (BYTES, lambda one: msgspec.json.encode(one.explanation).decode()),
}
"""Name -> datatype and value of each output; `explanation` is JSON, for those who ask for it."""


class InferRequest(Struct):
    """A valid request; `outputs`: the names to answer with, and whether as bytes."""

    tickets: list[SentTicket]
    explain: int
    outputs: dict[str, bool]
    id: str | None


_INFERENCE = msgspec.json.Decoder(Inference)


def read_inference(sent: Sent) -> InferRequest:
    """The tickets of a body. Raises Problem 400 for its form, 422 for bad tickets."""
    body, binary = _parts(sent)
    try:
        inference = decoded(_INFERENCE, body)
    except ValidationError as error:
        found = flaw(error)
        raise Problem(400, f"#{found.path}: {found.detail}") from None
    names = [tensor.name for tensor in inference.inputs]
    columns = [*_columns(inference.inputs, binary)]
    if len({*map(len, columns)}) != 1:
        raise Problem(400, "Send inputs, all with as many elements as there are tickets.")

    def pointer(row: int, column: int) -> str:
        return f"#/inputs/{column}/data/{row}"

    tickets = read_columns(names, zip(*columns, strict=True), pointer)
    explain = inference.parameters.explain if inference.parameters else 0
    return InferRequest(tickets, explain, _asked(inference, explain), inference.id)


def infer_answer(asked: InferRequest, predictions: list[Prediction], serving: Serving) -> Answer:
    """The outputs as columns of shape [n]."""
    outputs, binary = [], b""
    for name, is_binary in asked.outputs.items():
        datatype, value = _OUTPUTS[name]
        data = [*map(value, predictions)]
        output = Output(name, datatype, [len(data)], data)
        if is_binary:
            tensor = as_bytes(datatype, data)
            output.data, output.parameters = UNSET, TensorParameters(len(tensor))
            binary += tensor
        outputs.append(output)
    inferred = Inferred(
        MODEL_NAME,
        str(serving.version),
        ModelParameters(serving.epoch, serving.scorer.manifest.threshold),
        outputs,
        UNSET if asked.id is None else asked.id,
    )
    body = msgspec.json.encode(inferred)
    if not any(asked.outputs.values()):
        return Answer(body)
    return Answer(body + binary, BINARY, {JSON_SIZE: str(len(body))})


def model_metadata(version: int) -> ModelMetadata:
    """What the protocol says of a model."""
    return ModelMetadata(
        MODEL_NAME,
        [str(version)],
        "ticket-urgency_bundle",
        [TensorMetadata(name, BYTES) for name in INPUTS],
        [TensorMetadata(name, datatype) for name, (datatype, _) in _OUTPUTS.items()],
    )


def _asked(inference: Inference, explain: int) -> dict[str, bool]:
    """The outputs to answer with, and whether as bytes. Raises Problem 400 for an unknown one."""
    there = [name for name in _OUTPUTS if explain or name != "explanation"]
    is_binary = bool(inference.parameters and inference.parameters.binary_data_output)
    asked = {}
    for output in inference.outputs or ():
        if output.name not in there:
            only = ", ".join(there)
            raise Problem(400, f"There is no output {output.name[:100]!r} here; only {only}.")
        own = output.parameters.binary_data if output.parameters else None
        asked[output.name] = is_binary if own is None else own
    return asked or dict.fromkeys(there, is_binary)


def _parts(sent: Sent) -> tuple[bytes, bytes]:
    """The JSON of a body, and the binary tensors after it."""
    size = sent.json_size or str(len(sent.body))
    if not (size.isascii() and size.isdecimal() and len(size) < 9):
        raise Problem(400, "Inference-Header-Content-Length is no number of bytes.")
    return sent.body[: int(size)], sent.body[int(size) :]


def _columns(tensors: list[Tensor], binary: bytes) -> Iterator[list[Any]]:
    """The elements of each tensor. Raises Problem 400."""
    begin = 0
    for tensor in tensors:
        if tensor.datatype != BYTES and role_of(tensor.name) != "ticket_id":
            raise _bad(tensor, f"its datatype is {tensor.datatype}; a text is {BYTES}")
        size = tensor.parameters.binary_data_size if tensor.parameters else None
        if size is not None:
            elements: list[Any] = [*_texts(tensor, binary[begin : begin + max(size, 0)])]
            begin += max(size, 0)
        elif isinstance(tensor.data, UnsetType):
            raise _bad(tensor, "it has no data")
        else:
            elements = [*_flat(tensor.data)]
        if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ([], [1]):
            raise _bad(tensor, f"its shape is {tensor.shape}; send [n] or [n, 1]")
        if prod(tensor.shape) != len(elements):
            raise _bad(tensor, f"its shape is {tensor.shape}, and it has {len(elements)} elements")
        if tensor.datatype == BYTES and not all(isinstance(one, str | None) for one in elements):
            raise _bad(tensor, f"its datatype is {BYTES}, and it has an element that is no string")
        yield elements


def _texts(tensor: Tensor, data: bytes) -> Iterator[str]:
    if tensor.datatype != BYTES:
        raise _bad(tensor, f"its datatype is {tensor.datatype}; only {BYTES} are read as binary")
    try:
        yield from texts(data)
    except BadBytes as error:
        raise _bad(tensor, str(error)) from None


def _flat(data: list[Any]) -> Iterator[Any]:
    for element in data:
        yield from element if isinstance(element, list) else (element,)


def _bad(tensor: Tensor, what: str) -> Problem:
    return Problem(400, f"Input {tensor.name[:100]!r}: {what}.")


V2 = Door(read_inference, infer_answer)
