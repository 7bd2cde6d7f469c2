"""Whatever stands in the release pointer, the model that answered goes on answering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.faults import memory
from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.service import AUDIENCE, CALLER, SOFT_S, Instance
from tests.support.strange_pointers import strange_pointers
from urgency.registry import RELEASE, Registry


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocket]:
    with pocket(tmp_path_factory.mktemp("cloud")) as running:
        yield running


def strange(registry: Registry) -> dict[str, bytes]:
    """Pointers that are wrong, each in one way, and would else promote version 2; 1 is released."""
    before = memory(registry.control).peek(RELEASE) or b""
    promoted = release(registry, put_model(registry, 2, strength=2.0))
    memory(registry.control).overwrite(RELEASE, before)
    return strange_pointers(promoted)


def test_the_old_model_answers_the_hook_says_409_and_the_log_says_it_once(
    cloud: Pocket, tmp_path: Path
):
    registry = registry_with(1)
    certificates = {"URGENCY_CERTS_URL": f"{cloud.url}/oauth2/v1/certs"}
    instance = Instance(registry, certificates | {"URGENCY_DISK_COPY": str(tmp_path)})
    token = {"Authorization": f"Bearer {cloud.identity.id_token(CALLER, AUDIENCE)}"}
    sound = memory(registry.control).peek(RELEASE) or b""
    for name, body in strange(registry).items():
        memory(registry.control).overwrite(RELEASE, body)
        told = len(instance.facts("model_check_failed"))
        for _ in range(3):
            instance.clock.advance(SOFT_S)
            answer = instance.http.post("/v1/predict", json=URGENT_TICKET)
            assert (answer.status_code, answer.headers["X-Model-Version"]) == (200, "1"), name
        assert len(instance.facts("model_check_failed")) == told + 1, name
        answer = instance.http.post("/v1/model:reload", headers=token)
        assert (answer.status_code, answer.headers["X-Model-Version"]) == (409, "1"), name
        assert "Version 1 goes on serving." in answer.json["detail"], name
        assert len(answer.json["detail"]) < 400, name
        memory(registry.control).overwrite(RELEASE, sound)
        instance.clock.advance(SOFT_S)
        answer = instance.http.post("/v1/predict", json=URGENT_TICKET)
        assert "X-Model-Stale" not in answer.headers, name
    assert not instance.facts("request_failed")


def test_a_cold_start_at_a_strange_pointer_answers_that_there_is_no_model_until_it_is_right():
    registry = registry_with(1)
    for name, body in strange(registry).items():
        memory(registry.control).overwrite(RELEASE, body)
        assert Instance(registry).http.get("/health/ready").status_code == 503, name
