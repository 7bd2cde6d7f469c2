"""MLflow's scoring protocol, which KServe's first one and SageMaker's JSON are parts of.

One of `dataframe_split`, `dataframe_records`, `instances` and `inputs` holds the tickets; `params`
or `parameters` say how to predict. https://mlflow.org/docs/latest/ml/deployment
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct, ValidationError

from service.bodies import decoded, pointer_step
from service.doors.door import Door, Sent, json_answer, read_columns
from service.predict import Parameters, PredictRequest, invalid, read_tickets, wrong_type
from service.problems import FieldError, Problem
from service.tickets import SentTicket


class Split(Struct):
    """A pandas.DataFrame as `to_dict(orient="split")` writes it; its index is not read."""

    columns: list[str]
    data: list[list[Raw]]


class Scoring(Struct):
    """What a body may hold; `inputs` are tickets, one ticket, or columns of equal length."""

    dataframe_split: Split | None = None
    dataframe_records: list[Raw] | None = None
    instances: list[Raw] | None = None
    inputs: list[Raw] | dict[str, Raw] | None = None
    params: Parameters | None = None
    parameters: Parameters | None = None


FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SCORING = msgspec.json.Decoder(Scoring)
_COLUMN = msgspec.json.Decoder(list[Raw])


def read_scoring(sent: Sent) -> PredictRequest:
    """The tickets of a body. Raises Problem 400 if it has not one of FORMS, 422 for bad tickets."""
    try:
        scoring = decoded(_SCORING, _without_nan(sent.body))
    except ValidationError as error:
        raise wrong_type(error) from None
    given = [form for form in FORMS if getattr(scoring, form) is not None]
    if len(given) != 1:
        raise Problem(400, f"Send exactly one of {', '.join(FORMS)}; {len(given)} are there.")
    parameters = scoring.parameters or scoring.params or Parameters()
    return PredictRequest(_tickets(scoring, given[0]), parameters.explain, is_single=False)


def _tickets(scoring: Scoring, form: str) -> list[SentTicket]:
    if scoring.dataframe_split is not None:
        return _rows(scoring.dataframe_split)
    records: list[Raw] | dict[str, Raw] = getattr(scoring, form)
    if isinstance(records, dict):
        return _columns(records)
    return read_tickets(records, lambda place, path: f"#/{form}/{place}{path}")


def _rows(split: Split) -> list[SentTicket]:
    width, root = len(split.columns), "#/dataframe_split/data"
    uneven = f"The row has not {width} cells, as there are columns."
    if wrong := [place for place, row in enumerate(split.data) if len(row) != width]:
        raise invalid([FieldError(f"{root}/{place}", uneven) for place in wrong])
    return read_columns(split.columns, split.data, lambda row, column: f"{root}/{row}/{column}")


def _columns(columns: dict[str, Raw]) -> list[SentTicket]:
    """Tickets from columns, as TF Serving has them; from one ticket if no value is a list."""
    if not any(bytes(value)[:1] == b"[" for value in columns.values()):
        ticket = Raw(msgspec.json.encode(columns))
        return read_tickets([ticket], lambda _, path: f"#/inputs{path}")
    names, values = [*columns], [*_lists(columns)]
    if len({*map(len, values)}) > 1:
        raise invalid([FieldError("#/inputs", "The columns are not of equal length.")])

    def pointer(row: int, column: int) -> str:
        return f"#/inputs{pointer_step(names[column])}/{row}"

    return read_columns(names, zip(*values, strict=True), pointer)


def _lists(columns: dict[str, Raw]) -> Iterator[list[Raw]]:
    for name, value in columns.items():
        try:
            yield decoded(_COLUMN, value)
        except ValidationError:
            no_list = "One column is a list, and this one is not."
            raise invalid([FieldError(f"#/inputs{pointer_step(name)}", no_list)]) from None


def _without_nan(body: bytes) -> bytes:
    """The body with null for NaN, which is no JSON: MLflow's client writes it for an empty cell."""
    if b"NaN" not in body:
        return body
    try:
        return msgspec.json.encode(json.loads(body, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return body  # it is read again, which says what is wrong with it


MLFLOW = Door(read_scoring, json_answer)
