"""How the service starts: with its settings or not at all, with a model where there is one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from service.app import create_app
from service.local_copy import LocalCopy
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.asgi import ask
from tests.support.service.service import ENVIRON, Instance


@pytest.mark.parametrize("missing", sorted(ENVIRON))
def test_a_missing_setting_ends_the_start_with_a_sentence_that_names_it(
    missing: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        create_app({name: value for name, value in ENVIRON.items() if name != missing})
    assert ended.value.code == 2
    assert missing in capsys.readouterr().err


def test_a_service_without_a_registered_model_starts_and_says_that_it_is_not_ready():
    instance = Instance(registry_with())
    assert instance.http.get("/health/live").status_code == 200
    assert instance.http.get("/health/ready").status_code == 503


def test_without_credentials_the_service_starts_from_its_baked_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    registry = registry_with()
    LocalCopy(tmp_path).keep(release(registry, put_model(registry, 1)), registry)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    app = create_app(ENVIRON | {"URGENCY_BAKED_BUNDLE": str(tmp_path)})
    assert app.test_client().post("/predict", json=URGENT_TICKET).json["label"] == "urgent"


def test_the_path_that_vertex_ai_names_predicts_too():
    instance = Instance(registry_with(1), {"AIP_PREDICT_ROUTE": "/vertex/predict"})
    answer = instance.http.post("/vertex/predict", json={"instances": [URGENT_TICKET]})
    assert answer.json["model"]["version"] == 1
    assert Instance(registry_with(1)).http.post("/vertex/predict").status_code == 404


@pytest.mark.parametrize("route", ["predict", "/x/<y>", "/a b", "/a?b"])
def test_a_path_of_vertex_ai_that_is_none_ends_the_start_with_a_sentence(route: str):
    with pytest.raises(SystemExit, match="AIP_PREDICT_ROUTE must be a path"):
        create_app(ENVIRON | {"AIP_PREDICT_ROUTE": route})


def test_the_services_own_paths_stay_what_they_are():
    instance = Instance(registry_with(), {"AIP_HEALTH_ROUTE": "/health/live"})
    answer = asyncio.run(ask(instance.door, method="GET", target="/health/live"))
    assert answer.status == instance.http.get("/health/live").status_code == 200
