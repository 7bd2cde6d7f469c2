"""The service in an environment with its own extra only: its imports, its start, its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, release
from tests.support.processor_time import least_of, seconds_of_process
from tests.support.service.service import cloud_environ, cloud_registry
from tests.support.service.service_process import CHECKOUT, ServiceProcess, service_process
from tests.support.tools import uv
from tests.support.waiting import eventually
from urgency.bundle import Arrays
from urgency.features import WORDS_AND_PAIRS, features_with

FORBIDDEN = {"pandas", "sklearn", "scipy", "mlflow", "grpc", "flask", "werkzeug", "jinja2"}
HANGS_AFTER_S = 120
"""Far more than any machine needs."""

PSS_MB = 72
"""Memory does not depend on how fast a machine is."""

FIRST_PREDICTION = """
import asyncio, json, sys
import service.server
from service.app import create_door
from tests.support.service.asgi import ask
door = create_door()

async def status(*asked, **how):
    while (answer := await ask(door, *asked, **how)).status == 503:
        pass  # the pointer's read timed out on a busy machine: ask again
    return answer.status

async def statuses():
    health = [await status(method="GET", target=f"/health/{kind}") for kind in ("live", "ready")]
    return [*health, await status({"title": "Production down"})]

seen = asyncio.run(statuses())
modules = sorted({name.partition(".")[0] for name in sys.modules})
json.dump({"statuses": seen, "modules": modules}, sys.stdout)
"""

EMPTY_APP = """
import os
import flask, google.cloud.storage, httptools, mmh3, msgspec, numpy, uvicorn

flask.Flask("empty").test_client()

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})

uvicorn.run(app, port=int(os.environ["PORT"]), http="httptools", loop="asyncio", lifespan="off")
"""

WARM = """
import time
from service.app import create_app
from urgency.lexicon import lexicon
assert not lexicon.cache_info().currsize, "importing the service reads it"
create_app()
bound = time.monotonic() + 60
while not lexicon.cache_info().currsize:
    assert time.monotonic() < bound, "no start reads it"
    time.sleep(0.01)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of a fresh environment that holds the extra `service`."""
    folder = tmp_path_factory.mktemp("lean") / "venv"
    options = ["--quiet", "--extra", "service", "--no-dev", "--frozen", "--compile-bytecode"]
    environ = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder), "UV_PYTHON": sys.executable}
    subprocess.run([uv(), "sync", *options], cwd=CHECKOUT, env=environ, check=True, timeout=240)
    compiling = [folder / "bin/python", "-m", "compileall", "-q", "service", "urgency"]
    subprocess.run(compiling, cwd=CHECKOUT, check=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocket]:
    """A pocket cloud whose model knows every feature there can be."""
    size = features_with(WORDS_AND_PAIRS)
    rising = np.arange(size, dtype=np.int32)
    arrays = Arrays(rising, np.full(size, 2.0), np.sin(rising, dtype=np.float64))
    with pocket(tmp_path_factory.mktemp("cloud")) as running:
        registry = cloud_registry(running)
        release(registry, put_model(registry, 1, arrays=arrays))
        yield running


def test_probes_and_predictions_import_no_training_library_no_grpc_and_no_flask(
    python: str, cloud: Pocket
):
    settings = {"PYTHONPATH": str(CHECKOUT), "URGENCY_POINTER_SOFT_S": "0.1"}
    environ = cloud_environ(cloud) | settings
    command = [python, "-c", FIRST_PREDICTION]
    ran = subprocess.run(
        command, env=environ, capture_output=True, timeout=HANGS_AFTER_S, check=True
    )
    seen = json.loads(ran.stdout)
    assert seen["statuses"] == [200, 200, 200]
    assert not FORBIDDEN & set(seen["modules"])


def test_a_start_reads_the_words_of_helpdesks_before_a_request_needs_them(
    python: str, cloud: Pocket
):
    environ = cloud_environ(cloud) | {"PYTHONPATH": str(CHECKOUT)}
    subprocess.run([python, "-c", WARM], env=environ, timeout=HANGS_AFTER_S, check=True)


def test_a_cold_start_costs_little_more_than_that_of_an_empty_app_with_the_same_libraries(
    python: str, cloud: Pocket, tmp_path: Path, record_property: Callable[[str, object], None]
):
    (tmp_path / "empty_app.py").write_text(EMPTY_APP)
    environ = cloud_environ(cloud) | {"OPENBLAS_NUM_THREADS": "1"}

    def cold_start(*program: str) -> float:
        with service_process(environ, tmp_path, python, program=program) as service:
            return seconds_of_process(_after_the_first_prediction(service))

    ours_s, empty_s = least_of(
        3, lambda: cold_start("-m", "service"), lambda: cold_start("empty_app.py")
    )
    record_property("figure", f"cold start: {ours_s:.2f} s of CPU; an empty app: {empty_s:.2f} s")
    assert ours_s < 2 * empty_s


def test_a_serving_process_needs_little_memory(
    python: str, cloud: Pocket, tmp_path: Path, record_property: Callable[[str, object], None]
):
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this system does not tell a process's proportional memory")
    with service_process(cloud_environ(cloud), tmp_path, python) as service:
        pss_mb = _pss_mb(_after_the_first_prediction(service))
    record_property("figure", f"the service: {pss_mb:.0f} MB PSS")
    assert pss_mb <= PSS_MB


def _after_the_first_prediction(service: ServiceProcess) -> int:
    """The process id, once it has answered."""
    url = f"{service.url}/predict"
    eventually(lambda: requests.post(url, json=URGENT_TICKET, timeout=HANGS_AFTER_S).ok)
    return service.process.pid


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
