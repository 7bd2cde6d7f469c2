"""The laptop's wiring is what Terraform applies, and nothing that differs from one apply to the
next.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from infra.wiring.__main__ import BEGIN, END, PAGE, WIRING, access_table, differences, with_table
from infra.wiring.applied import NoProviders, applied_state
from infra.wiring.from_state import grants_from, shown, wiring_from

State = dict[str, Any]
COMMITTED = json.loads(WIRING.read_text())


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    try:
        return applied_state(tmp_path_factory.mktemp("checkout"))
    except NoProviders as missing:
        pytest.skip(f"skipped: {missing}")


def values(state: State, kind: str, name: str) -> Any:
    """Values of one resource, to be changed."""
    resources = state["values"]["root_module"]["resources"]
    found = (one["values"] for one in resources if one["type"] == kind)
    return next(one for one in found if one["name"] == name)


def test_the_committed_wiring_is_terraforms(state: State) -> None:
    assert differences(wiring_from(state), COMMITTED) == [], (
        "run 'make wiring' and read what it changes"
    )
    assert WIRING.read_text() == shown(wiring_from(state)) + "\n", "run 'make wiring'"


def test_the_table_of_grants_in_the_security_page_is_terraforms(state: State) -> None:
    page = PAGE.read_text()
    assert with_table(page, access_table(grants_from(state))) == page, "run 'make wiring'"


def test_images_hashes_numbers_and_computed_addresses_leave_no_trace(state: State) -> None:
    """Another project number, other addresses, another image, another zip: the same wiring."""
    other = json.loads(
        json.dumps(state)
        .replace("123456789012", "987654321098")
        .replace(".us-central1.run.app", "-x7k2q-uc.a.run.app")
        .replace("/service:", "/service:other")
        .replace("functions/", "functions/0")
    )
    assert other != state
    assert wiring_from(other) == wiring_from(state)


def test_a_changed_policy_changes_the_wiring(state: State) -> None:
    other = copy.deepcopy(state)
    values(other, "google_pubsub_subscription", "on-csv-landed")["ack_deadline_seconds"] = 61
    assert differences(wiring_from(other), wiring_from(state)) == [
        (
            "subscriptions on-csv-landed.ack_deadline_seconds = 61 is in Terraform and not in"
            " wiring.json"
        ),
        (
            "subscriptions on-csv-landed.ack_deadline_seconds = 60 is in wiring.json and not in"
            " Terraform"
        ),
    ]


def test_what_only_builds_need_is_in_the_table_and_not_on_the_laptop(state: State) -> None:
    wiring = json.dumps(wiring_from(state))
    assert "urgency-builder" not in wiring
    assert "urgency-source" not in wiring
    assert access_table(grants_from(state)).count("| urgency-builder |") == 4


def test_a_kind_of_grant_that_nobody_taught_is_an_error_and_not_left_out(state: State) -> None:
    other = copy.deepcopy(state)
    resources = other["values"]["root_module"]["resources"]
    resources.append({"type": "google_storage_bucket_iam_binding", "values": {"name": "x"}})
    with pytest.raises(KeyError, match="iam_binding"):
        wiring_from(other)


# --- the difference in words, without Terraform
# ------------------------------------------------------------------


def test_a_missing_grant_is_told_in_words() -> None:
    grant = COMMITTED["grants"][0]
    fewer = COMMITTED | {"grants": COMMITTED["grants"][1:]}
    sentence = f"grant {grant['role']} on {grant['resource']} to {grant['member']}"
    assert differences(COMMITTED, fewer) == [f"{sentence} is in Terraform and not in wiring.json"]
    assert differences(fewer, COMMITTED) == [f"{sentence} is in wiring.json and not in Terraform"]


def test_a_changed_setting_is_told_in_words() -> None:
    other = copy.deepcopy(COMMITTED)
    other["jobs"][0]["environment"]["OMP_NUM_THREADS"] = "2"
    assert differences(other, COMMITTED) == [
        'jobs train.environment.OMP_NUM_THREADS = "2" is in Terraform and not in wiring.json',
        'jobs train.environment.OMP_NUM_THREADS = "1" is in wiring.json and not in Terraform',
    ]


def test_equal_wirings_differ_in_nothing() -> None:
    assert differences(COMMITTED, copy.deepcopy(COMMITTED)) == []


def test_a_grant_is_one_line_and_the_file_reads_back() -> None:
    text = shown(COMMITTED)
    assert json.loads(text) == COMMITTED
    assert sum('"role":' in line for line in text.splitlines()) == len(COMMITTED["grants"])


def test_the_table_stands_between_its_markers_and_nothing_else_moves() -> None:
    page = f"# Security\n{BEGIN}old\n{END}after\n"
    assert with_table(page, "new\n") == f"# Security\n{BEGIN}new\n{END}after\n"


def test_the_table_has_a_row_for_each_grant_in_words() -> None:
    rows = access_table(COMMITTED["grants"]).splitlines()
    assert len(rows) == 2 + len(COMMITTED["grants"])
    assert "| urgency-train | roles/storage.objectCreator | bucket landing | receipts/ |" in rows
    assert (
        "| Pub/Sub's agent | roles/iam.serviceAccountTokenCreator | account urgency-pusher |  |"
        in rows
    )
