"""The Open Inference Protocol, version 2, over HTTP: columns in, columns out.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
Tensors in binary form after the JSON, as Triton's client sends them, are read; answers are JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType, ValidationError

from service.bodies import decoded, flaw
from service.doors.door import Answer, Door, Sent, read_columns
from service.doors.v2_messages import (
    Inference,
    Inferred,
    ModelMetadata,
    ModelParameters,
    Output,
    Tensor,
    TensorMetadata,
)
from service.model_slot import Serving
from service.predict import MODEL_NAME, Prediction
from service.problems import Problem
from service.tickets import SentTicket
from urgency.vocabulary import role_of

BYTES = "BYTES"
INPUTS = ("title", "description", "source", "customer_tier")
LENGTH_BYTES = 4
"""Of the length before each element of a binary tensor of BYTES, little-endian."""

_OUTPUTS: dict[str, tuple[str, Callable[[Prediction], Any]]] = {
    "label": (BYTES, lambda one: one.label),
    "urgent": ("BOOL", lambda one: one.urgent),
    "probability": ("FP64", lambda one: one.probability),
    "warnings": (BYTES, lambda one: " ".join(one.warnings or ())),
    "explanation": (BYTES, lambda one: msgspec.json.encode(one.explanation).decode()),
}
"""Name -> datatype and value of each output; `explanation` is JSON, for those who ask for it."""


class InferRequest(Struct):
    """A valid request; `outputs`: the names to answer with."""

    tickets: list[SentTicket]
    explain: int
    outputs: list[str]
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
    outputs = []
    for name in asked.outputs:
        datatype, value = _OUTPUTS[name]
        data = [*map(value, predictions)]
        outputs.append(Output(name, datatype, [len(data)], data))
    inferred = Inferred(
        MODEL_NAME,
        str(serving.version),
        ModelParameters(serving.epoch, serving.scorer.manifest.threshold),
        outputs,
        UNSET if asked.id is None else asked.id,
    )
    return Answer(msgspec.json.encode(inferred))


def model_metadata(version: int) -> ModelMetadata:
    """What the protocol says of a model."""
    return ModelMetadata(
        MODEL_NAME,
        [str(version)],
        "ticket-urgency_bundle",
        [TensorMetadata(name, BYTES) for name in INPUTS],
        [TensorMetadata(name, datatype) for name, (datatype, _) in _OUTPUTS.items()],
    )


def _asked(inference: Inference, explain: int) -> list[str]:
    """The names of the outputs to answer with. Raises Problem 400 for one that there is not."""
    there = [name for name in _OUTPUTS if explain or name != "explanation"]
    asked = [output.name for output in inference.outputs or ()]
    if unknown := [name for name in asked if name not in there]:
        raise Problem(400, f"There is no output {unknown[0]!r} here; only {', '.join(there)}.")
    return asked or there


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


def _texts(tensor: Tensor, binary: bytes) -> Iterator[str]:
    """The elements of a binary tensor of BYTES: each its length, then UTF-8."""
    if tensor.datatype != BYTES:
        raise _bad(tensor, f"its datatype is {tensor.datatype}; only {BYTES} are read as binary")
    at = 0
    while at < len(binary):
        begin = at + LENGTH_BYTES
        at = begin + int.from_bytes(binary[at:begin], "little")
        if at > len(binary):
            raise _bad(tensor, "its binary data end within an element")
        try:
            yield binary[begin:at].decode()
        except UnicodeDecodeError:
            raise _bad(tensor, "its binary data are not UTF-8") from None


def _flat(data: list[Any]) -> Iterator[Any]:
    for element in data:
        yield from element if isinstance(element, list) else (element,)


def _bad(tensor: Tensor, what: str) -> Problem:
    return Problem(400, f"Input {tensor.name[:100]!r}: {what}.")


V2 = Door(read_inference, infer_answer)
