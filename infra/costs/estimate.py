"""The bill of a month: what is used of each price, and what that costs beyond the free tier."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from croniter import croniter

from infra.wiring.settled import State

PRICES = Path(__file__).with_name("prices.toml")
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
GIB = {"Mi": 1 / 1024, "Gi": 1.0}
HOURS_A_DAY = 24
KIB_A_GIB = 1 << 20

Values = dict[str, Any]


@dataclass(frozen=True)
class Price:
    """US dollars a unit, beyond `free` units a month; `row` is the line of the table."""

    row: str
    usd: float
    free: float
    page: str

    def cost(self, units: float, *, free_tier: bool = True) -> float:
        """US dollars for so many units in a month."""
        return self.usd * max(0.0, units - (self.free if free_tier else 0.0))


@dataclass(frozen=True)
class PriceList:
    """prices.toml."""

    read_on: date
    assumed: Mapping[str, float]
    prices: Mapping[str, Price]
    types: Mapping[str, list[str]]
    free: Mapping[str, str]

    def knows(self, kind: str) -> bool:
        """Whether a type of resource is priced or named as free."""
        return kind in self.types or any(re.fullmatch(form, kind) for form in self.free)

    def priced(self, state: State) -> set[str]:
        """The prices that the resources of an applied state cost by."""
        return {
            name for each in state["resources"] for name in self.types.get(str(each["type"]), [])
        }


def price_list() -> PriceList:
    """What prices.toml says."""
    read = tomllib.loads(PRICES.read_text())
    prices = {name: Price(**values) for name, values in read["price"].items()}
    return PriceList(read["read_on"], read["assumed"], prices, read["types"], read["free"])


def costs(listed: PriceList, used: Mapping[str, float], *, free_tier: bool) -> dict[str, float]:
    """US dollars a month by row of the table; `used` is in each price's units."""
    rows: dict[str, float] = defaultdict(float)
    for name, price in listed.prices.items():
        if name in used:
            rows[price.row] += price.cost(used[name], free_tier=free_tier)
    return rows


def used_by(listed: PriceList, state: State, predictions_a_day: float) -> dict[str, float]:
    """Units of each price that an applied state uses in a month."""
    assumed = listed.assumed
    requests = predictions_a_day * assumed["days"]
    runs = _runs(_of(state, "google_cloud_scheduler_job"), assumed["days"])
    used = {
        **_computing(state, requests * assumed["request_s"], runs * assumed["job_run_s"]),
        **_storing(assumed, requests, runs),
        **_watching(assumed, state),
        **_keeping(assumed),
        "requests": requests,
        "schedules": len(_of(state, "google_cloud_scheduler_job")),
        "logs": _logs_gib(assumed, requests, runs),
    }
    priced = listed.priced(state)
    return {name: units for name, units in used.items() if name in priced}


def _computing(state: State, service_s: float, job_s: float) -> dict[str, float]:
    service = _of(state, "google_cloud_run_v2_service")[0]["template"][0]["containers"][0]
    jobs = (job["template"][0]["template"][0] for job in _of(state, "google_cloud_run_v2_job"))
    (job,) = (one["containers"][0] for one in jobs if one["containers"][0]["args"] == ["train"])
    used = {}
    for name, container, seconds in (("service", service, service_s), ("job", job, job_s)):
        limits = container["resources"][0]["limits"]
        used[f"{name}_cpu"] = seconds * float(limits["cpu"])
        used[f"{name}_memory"] = seconds * gib(limits["memory"])
    return used


def _storing(assumed: Mapping[str, float], requests: float, runs: float) -> dict[str, float]:
    month_s = timedelta(days=assumed["days"]).total_seconds()
    checks = min(requests, assumed["instances"] * month_s / assumed["pointer_check_s"])
    return {
        "storage": assumed["kept_gb"],
        "class_a": runs * assumed["lists_per_run"],
        "class_b": runs * assumed["reads_per_run"] + checks,
    }


def _watching(assumed: Mapping[str, float], state: State) -> dict[str, float]:
    conditions = sum(
        "condition_matched_log" not in condition  # those of log lines are free
        for policy in _of(state, "google_monitoring_alert_policy")
        for condition in policy["conditions"]
    )
    returned = conditions * assumed["series_per_condition"] * assumed["evaluations"]
    metrics = len(_of(state, "google_logging_metric")) * assumed["metric_mib"]
    return {
        "conditions": conditions,
        "conditions_dear": conditions,
        "series": returned,
        "metrics": metrics,
    }


def _keeping(assumed: Mapping[str, float]) -> dict[str, float]:
    return {
        "messages": assumed["messages_gib"],
        "images": assumed["images_gb"],
        "builds": assumed["build_minutes"],
        "database": assumed["days"] * HOURS_A_DAY,
        "disk": assumed["database_gb"],
        "backups": assumed["database_gb"],
    }


def _logs_gib(assumed: Mapping[str, float], requests: float, runs: float) -> float:
    kib = requests * assumed["log_kib_per_request"] + runs * assumed["log_kib_per_run"]
    return kib / KIB_A_GIB


def _runs(schedules: Iterable[Values], days: float) -> int:
    """How often the schedules fire in so many days."""
    end = MONDAY + timedelta(days=days)
    return sum(_firings(schedule["schedule"], end) for schedule in schedules)


def _firings(schedule: str, end: datetime) -> int:
    times = croniter(schedule, MONDAY)
    return sum(1 for _ in takewhile(lambda time: time <= end, times.all_next(datetime)))


def gib(memory: str) -> float:
    """'512Mi' -> 0.5."""
    return float(memory[:-2]) * GIB[memory[-2:]]


def _of(state: State, kind: str) -> list[Values]:
    return [each["values"] for each in state["resources"] if each["type"] == kind]
