"""Every log filter of infra/*.tf takes the lines that job and service write, and no others."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.cloud import storage
from google.pubsub_v1 import PublisherClient

from infra.local.pocket.log_entries import Entry, entry_of, extracted, passing
from tests.infra.log_filters import log_filters
from tests.jobs.drift.observed_world import days_of, reference_of
from tests.jobs.drift.test_run import NOW, night
from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import WIRING, Cloud, cloud
from tests.support.job.job_process import job_environment, train
from tests.support.models import registry_with
from tests.support.service.service import SOFT_S, Instance
from tests.support.waiting import eventually
from urgency.feedback import Feedback

FILTERS = log_filters(WIRING)
JOB, SERVICE = WIRING.job("train").name, WIRING.services[0].name


ALL_WRONG = [
    Feedback(
        *("", f"Thank you, question {n}", "", "", ""),
        is_urgent=True,
        by="ann",
        at=datetime(2026, 1, 5, tzinfo=UTC),
    ).to_line()
    for n in "abcdefghijklmnopqrst"
]
"""Urgent tickets that no model calls urgent."""


def say(place: Cloud, messages: list[bytes]) -> None:
    """As the service does it, and until all lies in the bucket."""
    client = PublisherClient(transport="rest", **place.options("urgency-serve"))
    topic = client.topic_path(WIRING.project, "ticket-feedback")
    client.publish(topic=topic, messages=[{"data": data} for data in messages])
    laid = len(messages)
    eventually(lambda: sum(hop["messages"] for hop in place.hops("storage_written")) == laid)


def of_job(lines: str, job: str = JOB) -> list[Entry]:
    return [entry_of(line, "cloud_run_job", job_name=job) for line in lines.splitlines()]


def of_service(lines: str, service: str = SERVICE) -> list[Entry]:
    return [
        entry_of(line, "cloud_run_revision", service_name=service) for line in lines.splitlines()
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the real job wrote: with nothing landed, trained, told that it was wrong, with a bucket
    emptied, failed.
    """
    with cloud(tmp_path_factory.mktemp("cloud"), speedup=100_000) as place:
        nobody = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}
        environment = job_environment(place) | nobody
        client = storage.Client(project=WIRING.project, **place.options("operator"))
        [landing] = [name for name in WIRING.buckets if name.endswith("landing")]
        file = client.bucket(landing).blob("incoming/tickets.csv")
        written = {"nothing": train(environment).stderr}
        file.upload_from_filename(str(CHECKOUT / "data/tickets.csv"))
        written["trained"] = train(environment).stderr
        say(place, ALL_WRONG)
        written["told"] = train(environment).stderr
        file.delete()
        written["emptied"] = train(environment).stderr
        nowhere = environment | {"URGENCY_STORAGE_ENDPOINT": f"{place.url}/nowhere"}
        written["failed"] = train(nowhere).stderr
        client.close()
    return written


@pytest.fixture(scope="module")
def served() -> str:
    """What an instance wrote that loaded a model and answered for more than a minute."""
    instance = Instance(registry_with(1))
    for _ in range(20):
        instance.clock.advance(SOFT_S)
        assert instance.version() == "1"
    return instance.written.getvalue()


@pytest.fixture(scope="module")
def drifted() -> str:
    """What the drift job wrote on a night when something had moved."""
    run, written = night(days_of(60, NOW, 11, moved_for=4), reference_of())
    run.record(run.check(NOW))
    return str(written.getvalue())


def taken(name: str, entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if passing(FILTERS[name].filter)(entry)]


def events(entries: list[Entry]) -> list[str]:
    return [entry["jsonPayload"]["message"] for entry in entries]


@pytest.mark.parametrize("run", ["nothing", "trained", "emptied"])
def test_a_run_that_reconciled_counts_once(runs: dict[str, str], run: str) -> None:
    assert events(taken("reconciled", of_job(runs[run]))) == ["reconciled"]


def test_a_failed_run_counts_for_nothing(runs: dict[str, str]) -> None:
    assert events(of_job(runs["failed"])) == ["run_failed"]
    assert not [name for name in FILTERS if taken(name, of_job(runs["failed"]))]


def test_the_verdict_of_a_version_is_taken_once_and_with_its_word(runs: dict[str, str]) -> None:
    [line] = taken("verdicts", of_job(runs["trained"]))
    assert [extracted(field, line) for field in FILTERS["verdicts"].extracts] == ["PROMOTE"]
    line["jsonPayload"]["ours"] = False
    assert not passing(FILTERS["verdicts"].filter)(line)


def test_an_age_is_taken_only_where_there_is_a_model(runs: dict[str, str]) -> None:
    assert taken("model_age", of_job(runs["nothing"])) == []
    [line] = taken("model_age", of_job(runs["trained"]))
    [age] = [extracted(field, line) for field in FILTERS["model_age"].extracts]
    assert 0 <= age < 1


def test_held_versions_are_a_number_in_every_run_that_reconciled(runs: dict[str, str]) -> None:
    for run in ("nothing", "trained", "emptied"):
        [line] = taken("held", of_job(runs[run]))
        assert [extracted(field, line) for field in FILTERS["held"].extracts] == [0]


def test_an_emptied_bucket_is_reported_and_an_empty_one_is_not(runs: dict[str, str]) -> None:
    assert events(taken("landing_emptied", of_job(runs["emptied"]))) == ["landing_empty"]
    assert not taken("landing_emptied", of_job(runs["nothing"]) + of_job(runs["trained"]))


def test_recall_that_fell_is_reported_and_a_first_model_has_none(runs: dict[str, str]) -> None:
    [line] = taken("quality_fell", of_job(runs["told"]))
    told = line["jsonPayload"]
    assert told["version"] == 1
    assert told["recall_at_most"] < told["promised_recall"]
    assert not taken("quality_fell", of_job(runs["trained"]))


def test_an_instance_that_answers_is_counted_each_minute_by_its_version(served: str) -> None:
    lines = taken("serving", of_service(served))
    assert events(lines) == ["model_serving"] * 2
    assert {extracted(field, line) for line in lines for field in FILTERS["serving"].extracts} == {
        1
    }


def test_what_an_instance_counted_goes_to_its_bucket_and_no_other_line_does(served: str) -> None:
    assert set(events(taken("observed", of_service(served)))) == {"observed"}


def test_a_night_that_moved_is_an_alert_and_a_steady_one_is_not(drifted: str) -> None:
    [line] = of_job(drifted, "drift")
    assert passing(FILTERS["drift"].filter)(line)
    assert [extracted(field, line) > 0.1 for field in FILTERS["drift_index"].extracts] == [True]
    line["jsonPayload"]["answer"] = "steady"
    assert not passing(FILTERS["drift"].filter)(line)
    assert passing(FILTERS["drift_index"].filter)(line)


def test_lines_of_anything_else_in_the_project_are_not_taken(
    runs: dict[str, str], served: str
) -> None:
    everything = "".join(runs.values())
    others = of_job(everything, "another") + of_service(served, "on-csv-landed")
    others += of_service(everything) + of_job(served)
    assert not [(name, entry) for name in FILTERS for entry in taken(name, others)]


def test_every_filter_was_seen_to_take_a_line(
    runs: dict[str, str], served: str, drifted: str
) -> None:
    entries = of_job("".join(runs.values())) + of_service(served) + of_job(drifted, "drift")
    assert len(FILTERS) == 11
    assert [name for name in FILTERS if not taken(name, entries)] == []


def test_a_filter_outside_the_known_part_of_the_language_is_refused() -> None:
    for clause in (
        'jsonPayload.message=~"re.*"',
        'jsonPayload.message="a" OR severity="ERROR"',
        "message",
    ):
        with pytest.raises(ValueError, match="outside"):
            passing(clause)({})


def test_a_line_that_is_nothing_but_a_message_has_no_json_payload() -> None:
    entry = entry_of(
        '{"severity": "INFO", "message": "x", "time": "2026-01-02T03:04:05Z"}', "cloud_run_job"
    )
    assert not passing('jsonPayload.message="x"')(entry)
    assert passing('textPayload="x" AND severity="INFO" AND textPayload!="y"')(entry)
    assert not passing('labels.none!="y"')(entry)
