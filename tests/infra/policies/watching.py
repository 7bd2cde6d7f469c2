"""Every alert can fire, and leads the person on call to what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.policies.deployment import Deployment, policy, seconds

OPERATIONS = Path(__file__).parents[3] / "docs/operations.md"
LINK = re.compile(r"[\w./:-]*docs/operations\.md#[\w-]+")
MADE_OF_LOGS = re.compile(r"logging[._]googleapis[._]com[/:]user[/_]([\w./-]+)")
HISTOGRAM = re.compile(r"_(bucket|count|sum)$")


@policy
def alerts_lead_to_their_section(deployed: Deployment) -> Iterator[str]:
    """To one of docs/operations.md that is there, at the address where people open that page."""
    page = deployed.variable("runbook_url", None) or "docs/operations.md"
    sections = {f"{page}#{section}" for section in anchors(OPERATIONS.read_text())}
    for alert in deployed.of("monitoring_alert_policy"):
        linked = set(LINK.findall(repr(alert.values.get("documentation"))))
        if len(linked) != 1 or linked - sections:
            yield f"{alert.address} leads to {sorted(linked - sections) or 'no section'}"
        clickable = alert.block("documentation", "links").get("url")
        if page.startswith("https:") and clickable not in linked:
            yield f"{alert.address} links to {clickable}"


@policy
def alerts_name_metric_and_resource(deployed: Deployment) -> Iterator[str]:
    """A filter without either is refused."""
    for address, condition in _conditions(deployed):
        for filter_ in (condition.get("filter"), condition.get("denominator_filter")):
            if filter_ and not ("metric.type" in filter_ and "resource.type" in filter_):
                yield f"{address} watches {filter_}"


@policy
def alerts_watch_metrics_that_exist(deployed: Deployment) -> Iterator[str]:
    """A metric made of log lines is ours to make."""
    made = {metric.values["name"].replace("-", "_") for metric in deployed.of("logging_metric")}
    for address, condition in _conditions(deployed):
        for name in MADE_OF_LOGS.findall(repr(condition)):
            if not {name.replace("-", "_"), HISTOGRAM.sub("", name)} & made:
                yield f"{address} watches {name}, which nothing makes"


@policy
def alerts_wait_for_no_metric(deployed: Deployment) -> Iterator[str]:
    """Monitoring knows a metric made of log lines up to ten minutes late; PromQL need not ask."""
    for address, condition in _conditions(deployed):
        unasked = condition.get("disable_metric_validation")
        if MADE_OF_LOGS.search(repr(condition)) and not unasked:
            yield f"{address} is refused while its metric is new"


@policy
def alerts_last_whole_minutes(deployed: Deployment) -> Iterator[str]:
    """Other durations and alignment periods are refused; absence lasts 23.5 hours at most."""
    for address, condition in _conditions(deployed):
        for name, text in _durations(condition):
            if not re.fullmatch(r"\d+s", text) or seconds(text) % 60 or seconds(text) > 84600:
                yield f"{address} has {name} = {text}"


@policy
def only_alerts_on_log_lines_are_limited(deployed: Deployment) -> Iterator[str]:
    """They need one and are alone in their policy; an alert on metrics with one is refused."""
    for alert in deployed.of("monitoring_alert_policy"):
        conditions = alert.values["conditions"]
        on_lines = any(condition.get("condition_matched_log") for condition in conditions)
        limited = bool(alert.block("alert_strategy", "notification_rate_limit").get("period"))
        if limited != on_lines or (on_lines and len(conditions) > 1):
            yield (
                f"{alert.address} has {'a' if limited else 'no'} rate limit and"
                f" {len(conditions)} conditions"
            )


@policy
def alerts_reach_every_mailbox(deployed: Deployment) -> Iterator[str]:
    """Each alert goes to each address that was given."""
    asked = set(deployed.variable("alert_emails", []))
    channels = {
        channel.values["name"]: channel.values["labels"]["email_address"]
        for channel in deployed.of("monitoring_notification_channel")
    }
    for alert in deployed.of("monitoring_alert_policy"):
        told = {channels.get(name) for name in alert.values.get("notification_channels") or []}
        if told != asked:
            yield f"{alert.address} tells {sorted(map(str, told))}, not {sorted(asked)}"


@policy
def budgets_count_this_project(deployed: Deployment) -> Iterator[str]:
    """By its number: an id differs in every plan; without a filter every project is counted."""
    for budget in deployed.of("billing_budget"):
        projects = budget.block("budget_filter").get("projects") or []
        if len(projects) != 1 or not re.fullmatch(r"projects/\d+", projects[0]):
            yield f"{budget.address} counts {projects or 'everything'}"


def anchors(page: str) -> set[str]:
    """The links to a page's sections, as the places that show Markdown make them."""
    titles = re.findall(r"^#+ +(.+?) *$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _conditions(deployed: Deployment) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each condition on metrics, with its alert's address."""
    for alert in deployed.of("monitoring_alert_policy"):
        for condition in alert.values["conditions"]:
            for kind in (
                "condition_threshold",
                "condition_absent",
                "condition_prometheus_query_language",
            ):
                yield from ((alert.address, block) for block in condition.get(kind) or [])


def _durations(condition: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if condition.get("duration"):
        yield "duration", condition["duration"]
    for name in ("aggregations", "denominator_aggregations"):
        yield from ((name, block["alignment_period"]) for block in condition.get(name) or [])
