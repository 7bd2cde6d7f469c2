"""The alerts of a committed state as rules that promtool evaluates, and series to evaluate them on.

Conditions on a series become PromQL by Google's own table: an aligner is a function over its
window, a reducer an aggregation, https://cloud.google.com/monitoring/promql/promql-mapping. A
condition on a log line is none of these: tests/infra/test_log_filters.py feeds it real lines.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.wiring.applied import LAPTOPS
from tests.infra.committed import committed, values_of

STATE = committed(LAPTOPS)
EQUALS = re.compile(r'(resource|metric)\.(?:(type)|labels\.(\w+))="([^"]*)"')
QUANTILE = "REDUCE_PERCENTILE_"
OVER_TIME = {"ALIGN_DELTA": "increase", "ALIGN_RATE": "rate", "ALIGN_MAX": "max_over_time"}
ACROSS = {"REDUCE_SUM": "sum", "REDUCE_MAX": "max"}
Series = dict[str, str]


class Rule(NamedTuple):
    """What is evaluated, and for how long it has to hold."""

    query: str
    duration: str


def rules() -> dict[str, list[Rule]]:
    """By alert: its conditions, all of which have to hold; none for one on a log line."""
    found = values_of(STATE, "google_monitoring_alert_policy")
    named = {each["display_name"].partition(": ")[2]: each["conditions"] for each in found}
    return {
        name: [_rule(one) for one in conditions if not one.get("condition_matched_log")]
        for name, conditions in named.items()
    }


def _rule(condition: dict[str, Any]) -> Rule:
    if asked := condition.get("condition_prometheus_query_language"):
        return Rule(asked[0]["query"], asked[0]["duration"])
    [threshold] = condition["condition_threshold"]
    query = _aligned(threshold["filter"], threshold["aggregations"])
    if denominator := threshold.get("denominator_filter"):
        query += f" / {_aligned(denominator, threshold['denominator_aggregations'])}"
    assert threshold["comparison"] == "COMPARISON_GT"
    return Rule(f"{query} > {threshold['threshold_value']}", threshold["duration"])


def _aligned(filter_: str, aggregations: list[dict[str, str]]) -> str:
    [how] = aggregations
    name, reducer = selector_of(filter_), how["cross_series_reducer"]
    over_time, window = OVER_TIME[how["per_series_aligner"]], how["alignment_period"]
    if reducer.startswith(QUANTILE):
        share = int(reducer.removeprefix(QUANTILE)) / 100
        buckets = name.replace("{", "_bucket{", 1)
        return f"histogram_quantile({share}, sum by (le) ({over_time}({buckets}[{window}])))"
    return f"{ACROSS[reducer]}({over_time}({name}[{window}]))"


def selector_of(filter_: str) -> str:
    """A filter of Cloud Monitoring as PromQL selects the same series."""
    labels, metric = [], ""
    for of, is_type, label, value in EQUALS.findall(filter_):
        if of == "metric" and is_type:
            metric = ":".join(re.sub(r"\W", "_", part) for part in value.split("/", 1))
        else:
            labels.append(f'{"monitored_resource" if is_type else label}="{value}"')
    return f"{metric}{{{','.join(labels)}}}"


def filters_of(alert: str) -> list[str]:
    """The filters of an alert's conditions on series, numerators and denominators."""
    found = values_of(STATE, "google_monitoring_alert_policy")
    [conditions] = [one["conditions"] for one in found if one["display_name"].endswith(alert)]
    kept = [one["condition_threshold"][0] for one in conditions]
    both = [(one["filter"], one.get("denominator_filter")) for one in kept]
    return [filter_ for pair in both for filter_ in pair if filter_]


def counted(name: str, minutes: Iterable[float], until: int, **labels: str) -> Series:
    """A counter by the selector `name`, one more at each of `minutes`."""
    more = ",".join(f'{key}="{value}"' for key, value in labels.items())
    more = more if name.endswith("{}") or not more else f",{more}"
    at = list(minutes)
    values = (str(sum(one <= minute for one in at)) for minute in range(until))
    return {"series": name.replace("}", more + "}"), "values": " ".join(values)}


def fires(
    folder: Path,
    alert: str,
    at_minutes: int,
    series: list[Series],
    labels: Sequence[dict[str, str]] = ({},),
) -> bool:
    """Whether the alert fires then, with these labels. Skips where promtool is not installed."""
    return all(_holds(folder, rule, at_minutes, series, labels) for rule in rules()[alert])


def _holds(
    folder: Path,
    rule: Rule,
    at_minutes: int,
    series: list[Series],
    labels: Sequence[dict[str, str]],
) -> bool:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("skipped: promtool is not installed (it is in the package prometheus)")
    asked = {"alert": "ours", "expr": rule.query, "for": rule.duration}
    groups = {"groups": [{"name": "ours", "interval": "1m", "rules": [asked]}]}
    (folder / "rules.yaml").write_text(json.dumps(groups))
    expected = [{"exp_labels": each} for each in labels]
    when = {"eval_time": f"{at_minutes}m", "alertname": "ours", "exp_alerts": expected}
    test = {"interval": "1m", "input_series": series, "alert_rule_test": [when]}
    script = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "test.yaml").write_text(json.dumps(script).replace("Infinity", '"+Inf"'))
    command = [promtool, "test", "rules", "test.yaml"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0 or "got:[]" in ended.stdout + ended.stderr, ended.stderr
    return ended.returncode == 0
