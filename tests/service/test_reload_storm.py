"""Reloads under load on two instances: no answer fails or mixes two models, and memory is flat.

60 reloads, 1,000 with URGENCY_PROVE=1.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.support.cloud.pocket import Pocket, pocket
from tests.support.models import URGENT_TICKET, put_model, release
from tests.support.service.service import AUDIENCE, CALLER, cloud_environ, cloud_registry
from tests.support.service.service_process import ServiceProcess, service_process
from tests.support.service.steady_client import HANGS_AFTER_S, SteadyClient
from urgency.features import PAIR, WORDS_AND_PAIRS, features_with
from urgency.registry import Registry
from urgency.scorer import verified_scorer
from urgency.ticket import normal_ticket

RELOADS = 1_000 if os.environ.get("URGENCY_PROVE") else 60
WARM_RELOADS = 10
"""After these memory has the size that it keeps."""

MODEL_MB = (features_with(WORDS_AND_PAIRS) * 2 + PAIR) / 2**20
"""What a small model holds: two bytes for each possible feature, and which words it has seen."""

CLIENTS = 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Pocket]:
    with pocket(tmp_path / "cloud") as running:
        yield running


def score_of(registry: Registry, version: int) -> float:
    scorer = verified_scorer(registry.bundle(version))
    return scorer.scores([normal_ticket(**URGENT_TICKET)])[0].probability


def memory_mb(services: list[ServiceProcess]) -> float:
    """Memory of the services' processes that nobody else has."""
    mb = 0.0
    for service in services:
        children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
        for pid in (service.process.pid, *map(int, children.read_text().split())):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            mb += sum(int(line.split()[1]) for line in lines if line.startswith("Private")) / 1024
    return mb


def reload(cloud: Pocket, services: list[ServiceProcess], version: int, epoch: int) -> None:
    """Every instance follows the pointer at once."""
    token = {"Authorization": f"Bearer {cloud.identity.id_token(CALLER, AUDIENCE)}"}
    for service in services:
        url = f"{service.url}/v1/model:reload"
        answer = requests.post(url, headers=token, timeout=HANGS_AFTER_S)
        assert (answer.status_code, answer.json()["epoch"]) == (200, epoch), answer.text
        assert answer.json()["version"] == version


def test_reloads_under_load_fail_nobody_and_every_score_is_its_versions(
    cloud: Pocket, tmp_path: Path, record_property: Callable[[str, object], None]
):
    registry = cloud_registry(cloud)
    models = {n: put_model(registry, n, strength=n / 4) for n in (1, 2)}
    scores = {version: score_of(registry, version) for version in models}
    assert len(set(scores.values())) == 2
    release(registry, models[1])
    stop = threading.Event()
    with ExitStack() as running:
        folders = [tmp_path / name for name in ("one", "other")]
        services = []
        for folder in folders:
            folder.mkdir()
            services.append(running.enter_context(service_process(cloud_environ(cloud), folder)))
        reload(cloud, services, 1, 1)
        hosts = [service.url.removeprefix("http://") for service in services]
        clients = [SteadyClient(host, scores) for host in hosts for _ in range(CLIENTS // 2)]
        threads = [threading.Thread(target=client.ask_until, args=(stop,)) for client in clients]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        for count in range(1, RELOADS + 1):
            version = 1 + count % 2
            released = release(registry, models[version])
            reload(cloud, services, version, released.epoch)
            assert not [client.wrong for client in clients if client.wrong]
            if count == WARM_RELOADS:
                warm_mb = memory_mb(services)
        seconds = time.monotonic() - began
        grown_mb = memory_mb(services) - warm_mb
        stop.set()
        for thread in threads:
            thread.join(HANGS_AFTER_S)
        assert [service.terminate() for service in services] == [0, 0]
    answered = sum(client.answered for client in clients)
    record_property(
        "figure",
        f"{RELOADS} reloads of {len(services)} instances under {answered / seconds:.0f} requests/s:"
        f" {answered} answers, none failed; memory grew by {grown_mb:.1f} MB",
    )
    assert not [client.wrong for client in clients if client.wrong]
    assert min(len(client.epochs) for client in clients) > RELOADS / 4, "each saw many models"
    assert grown_mb < 5 * MODEL_MB, "not even a tenth of the models is still there"
