"""The prediction service, asked with the caller's identity."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from cli.usage_error import UsageError
from urgency.errors import Forbidden, Unavailable
from urgency.google_errors import translated

TIMEOUT_S = 15.0
AT_ONCE = 1_000
"""Tickets that the service takes in one request."""

BYTES_AT_ONCE = 1_200_000
"""Of JSON; a request holds 1.5 MB."""


@dataclass(frozen=True)
class Instance:
    """What one instance answers with: both 0 while it has no model, `problem` where it fails."""

    address: str
    version: int = 0
    epoch: int = 0
    problem: str = ""


class ServiceClient:
    """The service at `url`; `addresses` can be asked one by one: each instance, or the front."""

    def __init__(self, url: str, addresses: Sequence[str], id_token: Callable[[str], str]) -> None:
        self.addresses = tuple(addresses)
        self._url, self._id_token = url, id_token

    def predict(self, tickets: Sequence[dict[str, Any]], explain: int) -> dict[str, Any]:
        """`{"predictions": [...], "model": {...}}` for any number of tickets.

        Raises UsageError, Forbidden or Unavailable.
        """
        predictions: list[dict[str, Any]] = []
        model: dict[str, Any] = {}
        for start in range(0, len(tickets), AT_ONCE):
            part = tickets[start : start + AT_ONCE]
            body = {"instances": part, "parameters": {"explain": explain}}
            answer = self._post("/v1/predict", body)
            predictions += answer["predictions"]
            model = answer["model"]
        return {"predictions": predictions, "model": model}

    def feedback(self, labelled: Sequence[dict[str, Any]]) -> list[str]:
        """Hand in tickets with `label` and `by`; warnings. Raises as `predict` does."""
        warnings: dict[str, None] = {}
        for part in _parts(labelled):
            answer = self._post("/v1/feedback", part)
            warnings |= dict.fromkeys(answer["warnings"])
        return list(warnings)

    def instances(self) -> list[Instance]:
        """What each instance answers with now; one that fails is named with its problem."""
        return [self._instance(address) for address in self.addresses]

    def _instance(self, address: str) -> Instance:
        url = f"{address}/v1/model"
        try:
            with translated(f"reach {address}"):
                answer = requests.get(url, headers=self._headers, timeout=TIMEOUT_S)
        except (Unavailable, Forbidden) as error:
            return Instance(address, problem=str(error))
        if answer.status_code == 200:
            card = answer.json()
            return Instance(address, card["version"], card["epoch"])
        has_no_model = answer.status_code == 503
        return Instance(address, problem="" if has_no_model else _status(answer))

    def _post(self, path: str, body: object) -> dict[str, Any]:
        url = f"{self._url}{path}"
        with translated(f"reach the service at {self._url}"):
            answer = requests.post(url, json=body, headers=self._headers, timeout=TIMEOUT_S)
        if answer.status_code == 200:
            return dict(answer.json())
        detail = _detail(answer)
        if answer.status_code in (401, 403):
            raise Forbidden(f"The service refused this identity: {detail}")
        if answer.status_code < 500 and answer.status_code != 429:
            raise UsageError(f"The service refused the tickets: {detail}")
        raise Unavailable(detail)

    @cached_property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._id_token(self._url)}"}


def _parts(tickets: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """As many tickets together as one request may hold."""
    part: list[dict[str, Any]] = []
    size = 0
    for ticket in tickets:
        own = len(json.dumps(ticket))
        if part and (len(part) == AT_ONCE or size + own > BYTES_AT_ONCE):
            yield part
            part, size = [], 0
        part.append(ticket)
        size += own
    if part:
        yield part


def _detail(answer: requests.Response) -> str:
    """The problem's own sentence, else status and text."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{_status(answer)}: {answer.text[:200]}"


def _status(answer: requests.Response) -> str:
    return f"it answered {answer.status_code}"
