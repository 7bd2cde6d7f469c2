"""The prediction service, asked as the person at the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from cli.usage_error import Mistake
from urgency.errors import Forbidden, Unavailable
from urgency.google_errors import translated

TIMEOUT_S = 15.0
AT_ONCE = 1_000
"""Tickets that the service takes in one request."""


@dataclass(frozen=True)
class Serving:
    """What one instance answers with; both 0 where it has no model yet, `problem` where it does not
    answer.
    """

    address: str
    version: int = 0
    epoch: int = 0
    problem: str = ""


class ServiceClient:
    """The service at `url`. `addresses` are those that can be asked one by one: each instance, or
    the front alone.
    """

    def __init__(self, url: str, addresses: Sequence[str], id_token: Callable[[str], str]) -> None:
        self.addresses = tuple(addresses)
        self._url, self._id_token = url, id_token

    def predict(self, tickets: Sequence[dict[str, Any]], explain: int) -> dict[str, Any]:
        """`{"predictions": [...], "model": {...}}` for any number of tickets.

        Raises Mistake, Forbidden or Unavailable.
        """
        predictions: list[dict[str, Any]] = []
        model: dict[str, Any] = {}
        for start in range(0, len(tickets), AT_ONCE):
            body = {
                "instances": tickets[start : start + AT_ONCE],
                "parameters": {"explain": explain},
            }
            answer = self._ask("POST", f"{self._url}/v1/predict", body)
            predictions += answer["predictions"]
            model = answer["model"]
        return {"predictions": predictions, "model": model}

    def serving(self) -> list[Serving]:
        """What each instance answers with now; one that does not answer is named with its problem."""
        return [self._serving(address) for address in self.addresses]

    def _serving(self, address: str) -> Serving:
        try:
            with translated(f"reach {address}"):
                answer = requests.get(
                    f"{address}/v1/model", headers=self._headers, timeout=TIMEOUT_S
                )
        except (Unavailable, Forbidden) as error:
            return Serving(address, problem=str(error))
        if answer.status_code == 200:
            card = answer.json()
            return Serving(address, card["version"], card["epoch"])
        return Serving(
            address,
            problem="" if answer.status_code == 503 else f"it answered {answer.status_code}",
        )

    def _ask(self, method: str, url: str, body: dict[str, Any]) -> dict[str, Any]:
        with translated(f"reach the service at {self._url}"):
            answer = requests.request(
                method, url, json=body, headers=self._headers, timeout=TIMEOUT_S
            )
        if answer.status_code == 200:
            return dict(answer.json())
        detail = _detail(answer)
        if answer.status_code in (401, 403):
            raise Forbidden(f"The service refused this identity: {detail}")
        if answer.status_code < 500 and answer.status_code != 429:
            raise Mistake(f"The service refused the tickets: {detail}")
        raise Unavailable(detail)

    @cached_property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._id_token(self._url)}"}


def _detail(answer: requests.Response) -> str:
    """The problem's own sentence, or what stands in its place."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"it answered {answer.status_code}: {answer.text[:200]}"
