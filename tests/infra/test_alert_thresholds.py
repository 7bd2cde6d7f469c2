"""Each alert on Google's own metrics fires on what it means and on nothing else.

Real parts make it happen where they can: the local cloud's job fails, its Pub/Sub gives up, the
service answers 503. What they did becomes the series that Google makes of it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cli.dead_letters import DeadLetters
from tests.infra.alert_rules import Series, counted, filters_of, fires, rules, selector_of
from tests.infra.local.test_grants import fail_until_dead_letter
from tests.support.cloud.guarded import GuardedCloud, guarded
from tests.support.cloud.whole_cloud import WIRING, cloud
from tests.support.models import URGENT_TICKET, registry_with
from tests.support.service.service import Instance
from tests.support.storage.memory_store import MemoryStore
from tests.support.waiting import eventually
from urgency.registry import Registry
from urgency.settings import read_settings

FAILED, DEAD = "Training job failed", "Dead letters"
FAILING, SLOW = "Failing answers", "Slow answers"


def test_a_filter_is_selected_by_the_names_that_promql_has_for_it() -> None:
    assert selector_of(filters_of(FAILED)[0]) == (
        'run_googleapis_com:job_completed_execution_count{monitored_resource="cloud_run_job",'
        'job_name="train",result="failed"}'
    )
    [rule] = rules()[DEAD]
    assert rule.query == (
        "max(max_over_time(pubsub_googleapis_com:subscription_num_undelivered_messages"
        '{monitored_resource="pubsub_subscription",subscription_id="dead-letters"}[300s])) > 0'
    )


@pytest.mark.parametrize(("code", "fails"), [(1, True), (0, False)])
def test_a_job_that_failed_on_every_attempt(code: int, fails: bool, tmp_path: Path) -> None:
    with cloud(tmp_path, job=f"raise SystemExit({code})") as place:
        GuardedCloud(place, {}, {}).run_job("urgency-trigger")
        [ended] = eventually(lambda: place.hops("job_execution_ended"))
        attempts = len(place.hops("job_attempt_failed"))
    assert (ended["state"], attempts) == (("failed", 4) if fails else ("succeeded", 0))
    series = executions([ended["state"]])
    assert fires(tmp_path, FAILED, 32, series) is fails
    assert not fires(tmp_path, FAILED, 50, series), "the alert ends with the window"


def executions(states: list[str]) -> list[Series]:
    """Executions that ended one a minute from half an hour on, as Cloud Run counts them."""
    name = selector_of(filters_of(FAILED)[0])
    at = {state: [30 + n for n, one in enumerate(states) if one == state] for state in states}
    of = {state: name.replace('result="failed"', f'result="{state}"') for state in states}
    return [counted(of[state], at[state], 60) for state in states]


def test_a_message_that_a_function_failed_on_five_times(tmp_path: Path) -> None:
    with guarded(tmp_path, WIRING) as system:
        before = undelivered(system)
        fail_until_dead_letter(system, "on-csv-landed")
        after = eventually(lambda: undelivered(system))
    assert (before, after) == (0, 1)
    name = selector_of(filters_of(DEAD)[0])
    gauge = {"series": name, "values": f"{before}x29 {after}x29"}
    assert not fires(tmp_path, DEAD, 25, [gauge])
    assert fires(tmp_path, DEAD, 31, [gauge])


def undelivered(system: GuardedCloud) -> int:
    """What waits in the subscription of dead letters."""
    place = system.cloud
    environ = {
        "URGENCY_PROJECT": WIRING.project,
        "URGENCY_PUBSUB_ENDPOINT": place.url,
        "URGENCY_DEAD_LETTERS": "dead-letters",
    }
    credentials = place.options("operator")["credentials"]
    return len(DeadLetters(read_settings(environ), credentials).peek())


def test_answers_that_fail_for_ten_minutes(tmp_path: Path) -> None:
    """An instance without a model answers 503, one with a model does not."""
    broken, sound = Instance(Registry(MemoryStore(), MemoryStore())), Instance(registry_with(1))
    failing = [answered(broken) for _ in range(40)]
    assert set(failing) == {"5xx"}
    assert fires(tmp_path, FAILING, 40, requests(failing, minutes=20))
    assert not fires(tmp_path, FAILING, 40, requests([answered(sound)] * 40, minutes=20))


def test_one_failing_answer_of_a_quiet_night_and_few_of_many_are_none(tmp_path: Path) -> None:
    assert not fires(tmp_path, FAILING, 40, requests(["2xx"] * 3 + ["5xx"], minutes=20))
    assert not fires(tmp_path, FAILING, 40, requests((["2xx"] * 49 + ["5xx"]) * 12, minutes=20))
    assert fires(tmp_path, FAILING, 40, requests((["2xx"] * 9 + ["5xx"]) * 60, minutes=20))


def answered(instance: Instance) -> str:
    """The class of the status of one prediction."""
    status = instance.http.post("/v1/predict", json=URGENT_TICKET).status_code
    return f"{status // 100}xx"


def requests(classes: list[str], minutes: int) -> list[Series]:
    """Answers spread over the minutes from the 25th on, as Cloud Run counts them."""
    name, of = selector_of(filters_of(FAILING)[1]), Counter(classes)
    spread = [25 + minutes * place / len(classes) for place in range(len(classes))]
    at = {one: [t for t, known in zip(spread, classes, strict=True) if known == one] for one in of}
    return [counted(name, at[one], 60, response_code_class=one) for one in of]


@pytest.mark.parametrize(
    ("slow_of_100", "minutes", "expected"), [(10, 25, True), (3, 25, False), (10, 6, False)]
)
def test_one_in_twenty_slower_than_a_second_for_ten_minutes(
    slow_of_100: int, minutes: int, expected: bool, tmp_path: Path
) -> None:
    name = selector_of(filters_of(SLOW)[0]).replace("{", "_bucket{")
    at = [10 + n / 10 for n in range(10 * minutes)]
    slow = [when for place, when in enumerate(at) if place % 100 * slow_of_100 % 100 < slow_of_100]
    fast = [when for when in at if when not in set(slow)]
    buckets = {"500": fast, "1000": fast, "2000": at, "+Inf": at}  # ms
    series = [counted(name, when, 60, le=bound) for bound, when in buckets.items()]
    assert fires(tmp_path, SLOW, 33, series) is expected
