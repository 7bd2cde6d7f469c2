"""The table of costs: every type of resource is priced or free, and the page is up to date."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.costs import __main__ as page
from infra.costs.estimate import costs, gib, price_list, used_by
from tests.infra.committed import ENVIRONMENTS, committed

LISTED = price_list()
INFRA = Path(page.__file__).parents[1]
AS_IT_COMES, EVERYTHING = committed("as-it-comes"), committed("everything")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_type_of_resource_that_is_applied_is_priced_or_free(environment: str) -> None:
    types = {each["type"] for each in committed(environment)["resources"]}
    assert len(types) > 20
    assert [each for each in sorted(types) if not LISTED.knows(each)] == []


def test_every_type_of_resource_that_is_written_is_priced_or_free() -> None:
    text = "".join(file.read_text() for file in INFRA.glob("*.tf"))
    types = set(
        re.findall(r'^(?:resource|data) "((?:google_(?!client)|archive|time)\w+)"', text, re.M)
    )
    assert len(types) > 20
    assert [each for each in sorted(types) if not LISTED.knows(each)] == []


def test_a_new_type_of_resource_is_missed() -> None:
    assert not LISTED.knows("google_redis_instance")
    assert not LISTED.knows("google_compute_instance_iam_members")
    assert LISTED.knows("google_redis_instance_iam_member")


def test_every_price_is_used_has_a_page_and_an_amount_for_what_is_applied() -> None:
    named = {price for prices in LISTED.types.values() for price in prices}
    assert named == LISTED.prices.keys()
    assert used_by(LISTED, EVERYTHING, 1_000).keys() == LISTED.prices.keys()
    assert all(
        price.page.startswith("https://cloud.google.com/") for price in LISTED.prices.values()
    )
    assert date(2026, 1, 1) < LISTED.read_on


def test_nothing_is_priced_and_free() -> None:
    for kind in LISTED.types:
        assert not any(re.fullmatch(form, kind) for form in LISTED.free), kind


def test_the_page_shows_what_is_computed_today() -> None:
    written = page.PAGE.read_text()
    assert page.with_costs(written) == written, "run 'make docs'"


def test_a_dearer_price_changes_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text((INFRA / "costs/prices.toml").read_text().replace("0.0000004\n", "0.0000009\n"))
    monkeypatch.setattr("infra.costs.estimate.PRICES", file)
    written = page.PAGE.read_text()
    assert page.with_costs(written) != written


def test_by_hand_a_hundred_thousand_predictions_a_day() -> None:
    """3 million requests of 0.1 s on one CPU: 300,000 s, of which 180,000 are free."""
    rows = costs(LISTED, used_by(LISTED, AS_IT_COMES, 100_000), free_tier=True)
    assert rows["service: CPU and memory while it answers"] == pytest.approx(120_000 * 0.000024)
    assert rows["service: requests"] == pytest.approx(0.40)


def test_by_hand_the_job_without_the_free_tier() -> None:
    """On 30 days 48 sweeps, 24 heartbeats, a run and a drift check, a minute on 1 CPU and 2 GiB."""
    seconds = 30 * 74 * 60
    rows = costs(LISTED, used_by(LISTED, AS_IT_COMES, 0), free_tier=False)
    (row,) = (row for row in rows if row.startswith("jobs:"))
    assert rows[row] == pytest.approx(seconds * 0.000018 + 2 * seconds * 0.000002)


def test_more_is_dearer_where_more_is_applied() -> None:
    bigger: dict[str, Any] = committed("as-it-comes")
    for each in bigger["resources"]:
        if each["type"] == "google_cloud_run_v2_service":
            limits = each["values"]["template"][0]["containers"][0]["resources"][0]["limits"]
            limits |= {"cpu": "2", "memory": "4Gi"}
    used, more = used_by(LISTED, AS_IT_COMES, 100), used_by(LISTED, bigger, 100)
    assert more["service_cpu"] == 2 * used["service_cpu"]
    assert more["service_memory"] == 8 * used["service_memory"]


def test_alerts_on_log_lines_are_free_and_others_are_counted_by_condition() -> None:
    policies = [each for each in AS_IT_COMES["resources"] if each["type"].endswith("alert_policy")]
    conditions = [one for each in policies for one in each["values"]["conditions"]]
    metric = [one for one in conditions if "condition_matched_log" not in one]
    assert used_by(LISTED, AS_IT_COMES, 0)["conditions"] == len(metric) < len(conditions)


@pytest.mark.parametrize(("memory", "expected"), [("512Mi", 0.5), ("2Gi", 2.0)])
def test_memory_is_read_as_cloud_run_writes_it(memory: str, expected: float) -> None:
    assert gib(memory) == expected
