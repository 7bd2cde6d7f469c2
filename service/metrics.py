"""What Prometheus reads, in its text format 0.0.4.

Own code, because the official client takes longer to import than all of the service.
"""

import threading
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterator

PREDICT_ROUTES = {"predict", "invocations", "infer"}
"""Those whose durations are counted, by the names that routes have in the metrics."""

BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Counter:
    """A number of events for each combination of the labels' values."""

    def __init__(self, name: str, about: str, *labels: str) -> None:
        self._name, self._about, self._labels = name, about, labels
        self._lock = threading.Lock()
        self._counts: Counts[tuple[str, ...]] = Counts()

    def add(self, *values: str, count: int = 1) -> None:
        """Count `count` more events with these values of the labels."""
        with self._lock:
            self._counts[values] += count

    def lines(self) -> Iterator[str]:
        """Its lines for Prometheus."""
        yield from _head(self._name, self._about, "counter")
        with self._lock:
            counts = sorted(self._counts.items())
        for values, count in counts:
            pairs = zip(self._labels, values, strict=True)
            labels = ",".join(f'{label}="{value}"' for label, value in pairs)
            yield f"{self._name}{{{labels}}} {count}"


class Histogram:
    """Durations in seconds, counted by upper bound."""

    def __init__(self, name: str, about: str) -> None:
        self._name, self._about = name, about
        self._lock = threading.Lock()
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        with self._lock:
            self._counts[bisect_left(BUCKETS_S, seconds)] += 1
            self._sum += seconds

    def lines(self) -> Iterator[str]:
        """Its lines for Prometheus."""
        yield from _head(self._name, self._about, "histogram")
        with self._lock:
            counts, total_s = list(self._counts), self._sum
        below = 0
        for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), counts, strict=True):
            below += count
            yield f'{self._name}_bucket{{le="{bound}"}} {below}'
        yield f"{self._name}_sum {total_s:.6f}"
        yield f"{self._name}_count {below}"


class Metrics:
    """Everything that this process counts."""

    def __init__(self) -> None:
        in_predict = "Time spent inside the service on a predict request."
        checks, loads = "Checks of the release pointer.", "Models loaded from the registry."
        self.requests = Counter("urgency_requests_total", "Requests answered.", "route", "code")
        refused = "Requests refused because the instance had too many in work."
        self.refused = Counter("urgency_requests_refused_total", refused, "route")
        self.in_work = 0
        self.seconds = Histogram("urgency_predict_seconds", in_predict)
        self.predictions = Counter("urgency_predictions_total", "Tickets scored.", "label")
        self.pointer_checks = Counter("urgency_pointer_checks_total", checks, "result")
        self.loads = Counter("urgency_model_loads_total", loads, "result")

    def text(self, gauges: dict[str, tuple[str, float]]) -> str:
        """All lines; `gauges` are values of this moment by name, each with its help text."""
        predicting = (self.seconds, self.predictions, self.pointer_checks, self.loads)
        counters = (self.requests, self.refused, *predicting)
        lines = [line for counter in counters for line in counter.lines()]
        for name, (about, value) in gauges.items():
            lines.extend([*_head(name, about, "gauge"), f"{name} {value:g}"])
        return "\n".join(lines) + "\n"


def _head(name: str, about: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {about}", f"# TYPE {name} {kind}"
