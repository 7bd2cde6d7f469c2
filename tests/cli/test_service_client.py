"""The service as the command line asks it: tokens, batches, and its refusals in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, Response, jsonify, request

from cli.service_client import AT_ONCE, BYTES_AT_ONCE, Instance, ServiceClient
from cli.usage_error import UsageError
from tests.support.cloud.pocket import served
from urgency.errors import Forbidden, Unavailable

MODEL = {"name": "ticket-urgency", "version": 3, "epoch": 5, "threshold": 0.5}


def test_many_tickets_are_asked_in_batches_and_stay_in_order() -> None:
    sizes: list[int] = []

    def predict() -> Response:
        instances = request.get_json()["instances"]
        sizes.append(len(instances))
        return jsonify(predictions=[{"id": each["id"]} for each in instances], model=MODEL)

    with _service(predict) as client:
        answer = client.predict([{"id": n} for n in range(AT_ONCE + 1)], 0)
    assert sizes == [AT_ONCE, 1]
    assert [each["id"] for each in answer["predictions"]] == list(range(AT_ONCE + 1))
    assert answer["model"] == MODEL


def test_labels_are_sent_in_requests_that_are_neither_too_many_nor_too_large() -> None:
    sizes: list[int] = []

    def feedback() -> Response:
        sizes.append(len(request.get_json()))
        return jsonify(published=sizes[-1], warnings=["x is not read.", f"{sizes[-1]}"])

    long = {"title": "x" * (BYTES_AT_ONCE // 2), "label": "urgent", "by": "ann"}
    with _service(lambda: ("", 500), feedback=feedback) as client:
        assert client.feedback([{}] * (AT_ONCE + 1) + [long] * 2) == [
            *("x is not read.", f"{AT_ONCE}", "2", "1")
        ]
    assert sizes == [AT_ONCE, 2, 1]


def test_the_token_is_made_for_the_service() -> None:
    seen: list[str] = []

    def predict() -> Response:
        seen.append(request.headers["Authorization"])
        return jsonify(predictions=[], model=MODEL)

    with _service(predict) as client:
        client.predict([{}], 0)
        assert seen == [f"Bearer token for {client._url}"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(422, UsageError), (413, UsageError), (401, Forbidden), (403, Forbidden), (503, Unavailable)],
)
def test_a_refusal_has_the_services_own_words(status: int, error: type[Exception]) -> None:
    with (
        _service(lambda: (jsonify(detail="There is no model yet."), status)) as client,
        pytest.raises(error, match="There is no model yet"),
    ):
        client.predict([{}], 0)


def test_a_service_that_does_not_answer_is_unavailable() -> None:
    client = ServiceClient("http://127.0.0.1:1", ["http://127.0.0.1:1"], str)
    with pytest.raises(Unavailable):
        client.predict([{}], 0)
    (instance,) = client.instances()
    assert instance.problem


def test_an_instance_without_a_model_has_epoch_zero_and_no_problem() -> None:
    with _service(lambda: ("", 500), model=lambda: (jsonify(detail="no model"), 503)) as client:
        assert client.instances() == [Instance(client.addresses[0])]


def test_an_instance_has_the_version_and_epoch_that_it_serves() -> None:
    with _service(lambda: ("", 500), model=lambda: jsonify(MODEL)) as client:
        assert client.instances() == [Instance(client.addresses[0], version=3, epoch=5)]


@contextmanager
def _service(
    predict: Any, model: Any = lambda: ("", 404), feedback: Any = lambda: ("", 404)
) -> Iterator[ServiceClient]:
    app = Flask("service")
    app.add_url_rule("/v1/feedback", "feedback", feedback, methods=["POST"])
    app.add_url_rule("/v1/predict", "predict", predict, methods=["POST"])
    app.add_url_rule("/v1/model", "model", model)
    with served(app) as address:
        url = f"http://{address}"
        yield ServiceClient(url, [url], lambda audience: f"token for {audience}")
