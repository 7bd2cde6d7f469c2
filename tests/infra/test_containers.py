from __future__ import annotations

import json
import re
from dataclasses import asdict, replace

import pytest

from infra.local.containers import CHECKOUT, environment_for, localised, operator_environment
from infra.local.wiring_file import load_wiring

WIRING = load_wiring()
POCKET = "http://127.0.0.1:8000"
FRONTS = {
    container.uri: f"http://127.0.0.1:{8001 + number}"
    for number, container in enumerate((*WIRING.functions, *WIRING.services))
}
LOCAL = localised(WIRING, POCKET, FRONTS)
(SERVICE,) = LOCAL.services
JOB = LOCAL.job("train")


def environment(container=SERVICE, port: int | None = 1234, **inherited: str) -> dict[str, str]:
    return environment_for(
        container,
        port=port,
        pocket=POCKET,
        identity={"GCE_METADATA_HOST": "x"},
        inherited=inherited,
    )


def test_every_uri_that_is_called_answers_on_this_machine() -> None:
    called = [one.push.endpoint for one in LOCAL.subscriptions if one.push]
    called += [schedule.uri for schedule in LOCAL.schedules]
    called += [
        value for one in LOCAL.functions for value in one.environment.values() if "://" in value
    ]
    assert called
    assert all(uri.startswith("http://127.0.0.1:") for uri in called)
    for here, there in zip(LOCAL.schedules, WIRING.schedules, strict=True):
        assert here.uri == re.sub(r"https://(run|pubsub)\.googleapis\.com", POCKET, there.uri)


def test_the_regional_endpoint_of_cloud_run_is_here_too() -> None:
    [sweep] = [one for one in WIRING.schedules if one.name.endswith("sweep")]
    regional = sweep.uri.replace("https://run.", f"https://{WIRING.region}-run.")
    wiring = replace(WIRING, schedules=(replace(sweep, uri=regional),))
    assert localised(wiring, POCKET, {}).schedules[0].uri.startswith(f"{POCKET}/v2/")


def test_audiences_names_and_grants_stay_the_clouds() -> None:
    assert [one.push.audience for one in LOCAL.subscriptions if one.push] == [
        one.push.audience for one in WIRING.subscriptions if one.push
    ]
    assert [one.uri for one in LOCAL.functions] == [one.uri for one in WIRING.functions]
    assert [one.service_account for one in LOCAL.jobs] == [
        one.service_account for one in WIRING.jobs
    ]
    assert LOCAL.grants == WIRING.grants
    assert json.dumps(
        asdict(replace(LOCAL, subscriptions=(), schedules=(), functions=(), jobs=()))
    ) == json.dumps(asdict(replace(WIRING, subscriptions=(), schedules=(), functions=(), jobs=())))


def test_a_process_gets_the_wirings_environment_its_identity_and_the_endpoints() -> None:
    actual = environment()
    assert SERVICE.environment.items() <= actual.items()
    assert (actual["GCE_METADATA_HOST"], actual["PORT"], actual["K_SERVICE"]) == (
        "x",
        "1234",
        SERVICE.name,
    )
    assert (actual["URGENCY_STORAGE_ENDPOINT"], actual["URGENCY_CERTS_URL"]) == (
        POCKET,
        f"{POCKET}/oauth2/v1/certs",
    )
    assert actual["PYTHONPATH"] == str(CHECKOUT)


def test_a_process_gets_a_few_of_the_persons_variables_and_no_secret() -> None:
    actual = environment(
        PATH="/bin", AWS_SECRET="s", PYTHONDONTWRITEBYTECODE="1", URGENCY_HOME="/h", LANG="C"
    )
    assert {name for name in actual if name in {"PATH", "LANG"}} == {"PATH", "LANG"}
    assert not actual.keys() & {"AWS_SECRET", "PYTHONDONTWRITEBYTECODE", "URGENCY_HOME"}


def test_settings_of_the_person_reach_every_process_but_never_overrule_the_wiring() -> None:
    actual = environment(
        URGENCY_MISSED_COST="9",
        URGENCY_PROJECT="elsewhere",
        URGENCY_STORAGE_ENDPOINT="https://real",
    )
    assert actual["URGENCY_MISSED_COST"] == "9"
    assert (actual["URGENCY_PROJECT"], actual["URGENCY_STORAGE_ENDPOINT"]) == (
        WIRING.project,
        POCKET,
    )


def test_a_function_is_told_its_target_and_a_job_that_it_serves_nothing() -> None:
    function = LOCAL.functions[0]
    assert environment(function)["FUNCTION_TARGET"] == function.entry_point
    assert not environment(JOB, port=None).keys() & {"PORT", "K_SERVICE", "FUNCTION_TARGET"}


@pytest.mark.parametrize(
    "name", ["PROJECT", "REGION", "TRAIN_JOB", "LANDING_BUCKET", "CONTROL_BUCKET", "RELEASE_TOPIC"]
)
def test_a_persons_commands_know_all_that_containers_know(name: str) -> None:
    actual = operator_environment(
        LOCAL, pocket=POCKET, service="http://s", identity={"GCE_METADATA_HOST": "me"}
    )
    assert actual[f"URGENCY_{name}"]
    assert (actual["URGENCY_SERVICE_URL"], actual["GCE_METADATA_HOST"]) == ("http://s", "me")
