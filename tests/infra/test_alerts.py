"""Every alert has its section and every section its alert; queries ask for what is logged."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.committed import ENVIRONMENTS, committed, values_of
from tests.infra.policies.watching import LINK, anchors

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text()
ROW = re.compile(r"^\| \[([^]]+)\]\(#([\w-]+)\) \|[^|]*\| `(\w+\.py)::(test_\w+)` \|$", re.M)
SELECTOR = re.compile(
    r'logging_googleapis_com:user_(\w+)\{monitored_resource="(\w+)",(job|service)_name="([\w-]+)"\}'
)


def alerts(environment: str) -> list[dict[str, Any]]:
    return values_of(committed(environment), "google_monitoring_alert_policy")


def queries(environment: str) -> list[str]:
    conditions = [one for alert in alerts(environment) for one in alert["conditions"]]
    kind = "condition_prometheus_query_language"
    return [block["query"] for one in conditions for block in one.get(kind, [])]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_section_on_an_alert_has_its_alert(environment: str) -> None:
    part = PAGE.split("## Alerts", 1)[1].split("\n## ", 1)[0]
    linked = [LINK.findall(repr(alert["documentation"]))[0] for alert in alerts(environment)]
    assert sorted(link.partition("#")[2] for link in linked) == sorted(anchors(part))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_alert_has_its_row_and_the_row_a_test_that_rehearses_it(environment: str) -> None:
    names = [alert["display_name"].partition(": ")[2] for alert in alerts(environment)]
    rows = ROW.findall(PAGE)
    assert sorted(name for name, *_ in rows) == sorted(names)
    for name, section, file, test in rows:
        assert section in anchors(f"### {name}")
        assert f"\ndef {test}(" in (Path(__file__).parent / file).read_text()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_query_asks_for_a_metric_where_its_lines_are_written(environment: str) -> None:
    """The filter of the metric and the query name the same kind of resource, and the same one."""
    metrics = values_of(committed(environment), "google_logging_metric")
    named = {metric["name"].replace("-", "_"): metric for metric in metrics}
    of_several = r"user_\w*heartbeat\["  # told apart by its label, and not by what logged it
    asked = [found for query in queries(environment) for found in SELECTOR.findall(query)]
    others = [query for query in queries(environment) if re.search(of_several, query)]
    assert len(asked) == len(queries(environment)) - len(others) >= 4
    assert len(others) == 1
    for name, resource, label, owner in asked:
        metric = named[name.removesuffix("_bucket")]
        of = f'resource.type="{resource}" AND resource.labels.{label}_name="{owner}"'
        assert metric["filter"].startswith(of)
        distribution = metric["metric_descriptor"][0]["value_type"] == "DISTRIBUTION"
        assert distribution == name.endswith("_bucket")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_alerts_close_after_whole_minutes(environment: str) -> None:
    strategies = [one for alert in alerts(environment) for one in alert.get("alert_strategy", [])]
    closing = [one["auto_close"] for one in strategies]
    assert len(closing) >= 5
    assert [time for time in closing if int(time.removesuffix("s")) % 60] == []
