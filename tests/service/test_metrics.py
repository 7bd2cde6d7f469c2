"""What Prometheus reads: counters that only grow, buckets that add up, gauges of this moment."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from service.door import PLACES
from service.metrics import BUCKETS_S, Counter, Histogram, Metrics
from tests.service.faults import outage
from tests.support.models import URGENT_TICKET, put_model, registry_with, release
from tests.support.service.asgi import ask
from tests.support.service.service import SOFT_S, Instance

SAMPLE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [-+0-9.e]+')


def samples(instance: Instance) -> dict[str, str]:
    """Value by name and labels, of everything that the instance shows."""
    lines = instance.http.get("/metrics").text.splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_a_counter_counts_each_combination_of_its_labels():
    counter = Counter("asked_total", "Questions.", "route", "code")
    counter.add("predict", "200")
    counter.add("predict", "200", count=2)
    counter.add("predict", "422")
    assert list(counter.lines()) == [
        "# HELP asked_total Questions.",
        "# TYPE asked_total counter",
        'asked_total{route="predict",code="200"} 3',
        'asked_total{route="predict",code="422"} 1',
    ]


def test_a_bucket_counts_what_is_at_most_its_bound_and_all_below():
    histogram = Histogram("asked_seconds", "Time.")
    for seconds in (0.0, 0.001, 0.0011, 100.0):
        histogram.observe(seconds)
    buckets = dict(line.rsplit(" ", 1) for line in list(histogram.lines())[2:])
    counts = [int(buckets[f'asked_seconds_bucket{{le="{bound}"}}']) for bound in BUCKETS_S]
    assert counts[:3] == [1, 2, 3]
    assert counts == sorted(counts)
    assert buckets['asked_seconds_bucket{le="+Inf"}'] == buckets["asked_seconds_count"] == "4"
    assert buckets["asked_seconds_sum"] == "100.002100"


def test_no_count_is_lost_between_threads():
    counter, histogram = Counter("asked_total", "Questions.", "route"), Histogram("s", "Time.")

    def ask(_number: int) -> None:
        for _ in range(1_000):
            counter.add("predict")
            histogram.observe(0.002)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(8)))
    assert list(counter.lines())[-1] == 'asked_total{route="predict"} 8000'
    assert list(histogram.lines())[-1] == "s_count 8000"


def test_the_text_is_prometheus_own_format_every_metric_with_help_and_type():
    metrics = Metrics()
    metrics.requests.add("predict", "200")
    lines = metrics.text({"urgency_model_epoch": ("Epoch.", 7)}).splitlines()
    assert "urgency_model_epoch 7" in lines
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert names == {line.split()[2] for line in lines if line.startswith("# HELP")}
    for line in lines:
        if not line.startswith("#"):
            assert SAMPLE.fullmatch(line), line
            assert any(line.startswith(name) for name in names), line


def test_metrics_count_what_happened():
    instance = Instance(registry_with(5))
    instance.http.post("/predict", json={"instances": [URGENT_TICKET] * 3})
    instance.http.post("/predict", json={})
    instance.http.get("/nowhere")
    seen = samples(instance)
    assert seen['urgency_requests_total{route="predict",code="200"}'] == "1"
    assert seen['urgency_requests_total{route="predict",code="422"}'] == "1"
    assert seen['urgency_requests_total{route="none",code="404"}'] == "1"
    assert seen['urgency_predictions_total{label="urgent"}'] == "3"
    assert seen["urgency_predict_seconds_count"] == "2"
    assert seen['urgency_pointer_checks_total{result="answered"}'] == "1"
    assert seen['urgency_model_loads_total{result="served"}'] == "1"


def test_what_is_in_work_and_what_was_refused_is_seen():
    instance = Instance(registry_with(5))

    async def shown() -> tuple[str, str]:
        one = (await ask(instance.door, method="GET", target="/metrics", headers={})).body.decode()
        instance.door.metrics.in_work += PLACES
        try:
            refused = await ask(instance.door, URGENT_TICKET)
        finally:
            instance.door.metrics.in_work -= PLACES
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        two = (await ask(instance.door, method="GET", target="/metrics", headers={})).body.decode()
        return one, two

    before, after = asyncio.run(shown())
    assert "urgency_requests_in_work 1\n" in before
    assert "urgency_requests_refused_total{" not in before
    assert 'urgency_requests_refused_total{route="predict"} 1\n' in after
    assert "urgency_requests_in_work 1\n" in after


def test_gauges_follow_the_model_and_the_age_of_its_pointer():
    registry = registry_with(5)
    instance = Instance(registry)
    release(registry, put_model(registry, 6, strength=2.0))
    instance.clock.advance(SOFT_S)
    instance.version()
    seen = samples(instance)
    assert (seen["urgency_model_version"], seen["urgency_model_epoch"]) == ("6", "2")
    assert seen["urgency_model_stale_seconds"] == "0"
    outage(registry)
    for _ in range(3):
        instance.clock.advance(SOFT_S)
        instance.version()
    seen = samples(instance)
    assert seen["urgency_model_stale_seconds"] == "15"
    assert seen['urgency_pointer_checks_total{result="missed"}'] == "3"


def test_without_a_model_the_gauges_say_0():
    seen = samples(Instance(registry_with()))
    assert (seen["urgency_model_version"], seen["urgency_model_epoch"]) == ("0", "0")
