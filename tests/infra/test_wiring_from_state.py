"""The laptop's wiring is what Terraform applies; nothing computed leaves a trace in a state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.wiring.__main__ import BEGIN, END, PAGE, WIRING, access_table, with_table
from infra.wiring.applied import LAPTOPS
from infra.wiring.from_state import grants_from, is_grant, shown, wiring_from
from infra.wiring.made_up import applied_again
from infra.wiring.settled import settled
from tests.infra.committed import ENVIRONMENTS, committed, values_of

COMMITTED = json.loads(WIRING.read_text())
STALE = "stale: run 'make wiring' and read what it changes"


def test_the_committed_wiring_is_terraforms() -> None:
    assert WIRING.read_text() == shown(wiring_from(committed(LAPTOPS))) + "\n", STALE


def test_the_table_of_grants_in_the_security_page_is_terraforms() -> None:
    page = PAGE.read_text()
    assert with_table(page, access_table(grants_from(committed(LAPTOPS)))) == page, STALE


def test_a_changed_policy_changes_the_wiring() -> None:
    state = committed(LAPTOPS)
    [push] = [
        one
        for one in values_of(state, "google_pubsub_subscription")
        if one["name"] == "on-csv-landed"
    ]
    push["ack_deadline_seconds"] = 61
    changed = wiring_from(state)
    deadlines = [one["ack_deadline_seconds"] for one in changed["subscriptions"]]
    assert deadlines == [60, 61, 60, 60, 60, 600]
    assert changed | {"subscriptions": COMMITTED["subscriptions"]} == COMMITTED


def test_what_only_builds_need_is_in_the_table_and_not_on_the_laptop() -> None:
    wiring = json.dumps(COMMITTED)
    assert "urgency-builder" not in wiring
    assert "urgency-source" not in wiring
    assert access_table(grants_from(committed(LAPTOPS))).count("| urgency-builder |") == 4


def test_an_unknown_kind_of_grant_is_an_error_and_not_left_out() -> None:
    state = committed(LAPTOPS)
    state["resources"].append({"type": "google_storage_bucket_iam_binding", "values": {}})
    with pytest.raises(KeyError, match="iam_binding"):
        wiring_from(state)


# --- what is computed anew ---

ACCOUNT = "google_service_account"
BLOCK = {
    "attributes": {
        "account_id": {"required": True},
        "disabled": {"optional": True},
        "email": {"computed": True},
        "unique_id": {"computed": True},
        "uses": {"computed": True},
    },
    "block_types": {"key": {"block": {"attributes": {"id": {"computed": True}, "of": {}}}}},
}


def applied(email: str, unique_id: str, image: str) -> dict[str, Any]:
    """A `test_state` of one account, with an output that names it."""
    values = {"account_id": "urgency-train", "disabled": False, "email": email}
    values |= {"unique_id": unique_id, "uses": 0, "key": [{"id": unique_id, "of": email}]}
    account = {"address": f"{ACCOUNT}.x", "type": ACCOUNT}
    names = {"member": f"{email} member", "name": f"{email} name", "id": f"{email} id"}
    return {
        "provider_schemas": {"p": {"resource_schemas": {ACCOUNT: {"block": BLOCK}}}},
        "root_module": {"resources": [account | {"values": values | names}]},
        "outputs": {"who": {"value": f"ask {email}"}, "image": {"value": f"r/jobs:{image}"}},
    }


def test_computed_names_get_their_form_wherever_they_are_named() -> None:
    state = settled(
        applied("a1", "u1", "0" * 16), applied("b2", "u2", "1" * 16), {"project_id": "p"}
    )
    [account] = values_of(state, ACCOUNT)
    email = "urgency-train@p.iam.gserviceaccount.com"
    assert (account["email"], account["key"]) == (email, [{"of": email}])
    assert state["outputs"] == {"who": f"ask {email}", "image": "r/jobs:0123456789abcdef"}


def test_what_differs_between_two_applies_is_left_out_and_so_is_what_a_mock_made_up() -> None:
    state = settled(
        applied("a1", "u1", "0" * 16), applied("b2", "u2", "0" * 16), {"project_id": "p"}
    )
    [account] = values_of(state, ACCOUNT)
    assert "unique_id" not in account
    assert "uses" not in account
    assert account["disabled"] is False


def test_another_apply_makes_up_other_texts_and_nothing_else() -> None:
    """Known at the plan: what only looks made up. Unknown, and not made up: what was composed."""
    made = {"id": "a1b2c3d4", "name": "helpdesk", "uses": 0, "of": [{"email": "ask a1b2c3d4"}]}
    unknown = {"id": True, "uses": True, "of": [{"email": True}]}
    state = {"root_module": {"resources": [{"address": "x.y", "values": made}]}}
    plan = {"resource_changes": [{"address": "x.y", "change": {"after_unknown": unknown}}]}
    [again] = applied_again(state, plan)["root_module"]["resources"]
    expected = {"id": "~a1b2c3d4", "of": [{"email": "ask ~a1b2c3d4"}]}
    assert again["values"] == made | expected


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_state_keeps_every_grant_with_its_member_and_role(environment: str) -> None:
    for one in committed(environment)["resources"]:
        if is_grant(one["type"]):
            assert {"role", "member"} <= one["values"].keys(), one["address"]


# --- what readers see ---


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
