"""The service in an environment with its own extra only: what it imports, and what a cold start
costs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests

from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, release
from tests.support.service.service import cloud_environ, cloud_registry
from tests.support.service.service_process import CHECKOUT, service_process
from tests.support.tools import uv
from urgency.bundle import Arrays
from urgency.features import FEATURES

FORBIDDEN = {"pandas", "sklearn", "scipy", "mlflow", "grpc"}
START_CPU_S = 0.6
PSS_MB = 80

FIRST_PREDICTION = """
import json, sys
from service.app import create_app
answer = create_app().test_client().post("/predict", json={"title": "Production down"})
modules = sorted({name.partition(".")[0] for name in sys.modules})
json.dump({"status": answer.status_code, "modules": modules}, sys.stdout)
"""

VOCABULARY_PART = 0.06
VOCABULARY_COST = """
import json, sys, time
from service.app import create_app
from urgency.vocabulary import role_of
began = time.process_time()
role_of("id")
vocabulary_s = time.process_time() - began
answer = create_app().test_client().post("/predict", json={"title": "Production down"})
json.dump({"vocabulary_s": vocabulary_s, "all_s": time.process_time()}, sys.stdout)
"""

WARM = """
import time
from service.app import create_app
from urgency import vocabulary
assert not vocabulary._vocabulary.cache_info().currsize, "importing the service reads it"
create_app()
bound = time.monotonic() + 30
while not vocabulary._vocabulary.cache_info().currsize:
    assert time.monotonic() < bound, "no start reads it"
    time.sleep(0.01)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of a fresh environment that holds the extra `service`."""
    folder = tmp_path_factory.mktemp("lean") / "venv"
    command = [
        uv(),
        "sync",
        "--quiet",
        "--extra",
        "service",
        "--no-dev",
        "--frozen",
        "--compile-bytecode",
    ]
    environ = os.environ | {"UV_PROJECT_ENVIRONMENT": str(folder), "UV_PYTHON": sys.executable}
    subprocess.run(command, cwd=CHECKOUT, env=environ, check=True, timeout=240)
    subprocess.run(
        [folder / "bin/python", "-m", "compileall", "-q", "service", "urgency"],
        cwd=CHECKOUT,
        check=True,
    )
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocket]:
    """A pocket cloud whose model knows every feature there can be."""
    rising = np.arange(FEATURES, dtype=np.int32)
    arrays = Arrays(rising, np.full(FEATURES, 2.0), np.sin(rising, dtype=np.float64))
    with pocket(tmp_path_factory.mktemp("cloud")) as running:
        registry = cloud_registry(running)
        release(registry, put_model(registry, 1, arrays=arrays))
        yield running


def test_the_first_prediction_imports_no_training_library_and_no_grpc(python: str, cloud: Pocket):
    seen = json.loads(_ran(python, FIRST_PREDICTION, cloud))
    assert seen["status"] == 200
    assert not FORBIDDEN & set(seen["modules"])


def test_the_words_of_helpdesks_are_a_small_part_of_a_cold_start(python: str, cloud: Pocket):
    cost = json.loads(_ran(python, VOCABULARY_COST, cloud))
    print(f"vocabulary: {cost['vocabulary_s'] * 1000:.0f} ms of {cost['all_s'] * 1000:.0f} ms")
    assert cost["vocabulary_s"] < VOCABULARY_PART * cost["all_s"]


def test_a_start_reads_the_words_of_helpdesks_before_a_request_needs_them(
    python: str, cloud: Pocket
):
    _ran(python, WARM, cloud)


def test_a_cold_start_costs_little_processor_time_and_memory(
    python: str, cloud: Pocket, tmp_path: Path
):
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this system does not tell a process's proportional memory")
    with service_process(cloud_environ(cloud), tmp_path, python) as service:
        assert (
            requests.post(f"{service.url}/predict", json=URGENT_TICKET, timeout=10).status_code
            == 200
        )
        processes = [service.process.pid, *_children(service.process.pid)]
        cpu_s, pss_mb = sum(map(_cpu_s, processes)), sum(map(_pss_mb, processes))
    print(f"cold start: {cpu_s:.2f} s of CPU, {pss_mb:.0f} MB PSS in {len(processes)} processes")
    assert cpu_s <= START_CPU_S
    assert pss_mb <= PSS_MB


def _ran(python: str, code: str, cloud: Pocket) -> bytes:
    environ = cloud_environ(cloud) | {"PYTHONPATH": str(CHECKOUT)}
    command = [python, "-c", code]
    return subprocess.run(
        command, env=environ, stdout=subprocess.PIPE, timeout=60, check=True
    ).stdout


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_s(pid: int) -> float:
    """User and system time, that of reaped children included (man 5 proc: fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
