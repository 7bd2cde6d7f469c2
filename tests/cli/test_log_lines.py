"""Log lines, asked of the pocket cloud as the operator."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cli.heartbeat import Hop, hops
from cli.log_lines import PAGE, Logs, from_severity, of_run, of_version
from cli.usage_error import UsageError
from cli.verbs.logs import _span
from infra.local.pocket.log_entries import entry_of, passing
from tests.cli.conftest import OperatedCloud
from urgency.errors import Forbidden, Unavailable

BEGIN = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def logs(here: OperatedCloud) -> Logs:
    """Of a run, of two instances of the service and of a function."""
    _write(here, "executions/train-a", [("run_started", {}), ("model_committed", {"version": 7})])
    _write(here, "executions/train-b", [("run_failed", {"severity": "ERROR"})])
    _write(here, "ticket-urgency-2", [("model_serving", {"version": 7})])
    _write(here, "on-csv-landed", [("run_started", {"execution": "train-a"})])
    _write(here, "stack", [("not_a_container", {})])
    return Logs(replace(here.settings, log_view=here.cloud.wiring.log_view))


def test_every_container_speaks_in_the_order_of_time(logs: Logs) -> None:
    lines = logs.newest(10, BEGIN)
    assert [(line.container, line.event) for line in lines] == [
        ("train", "run_started"),
        ("train", "model_committed"),
        ("train", "run_failed"),
        ("ticket-urgency", "model_serving"),
        ("on-csv-landed", "run_started"),
    ]
    assert lines[1].fields == {"version": 7}


def test_the_newest_are_asked_for_page_by_page(logs: Logs) -> None:
    whole = logs.newest(10, BEGIN)
    assert logs.newest(2, BEGIN) == whole[-2:]
    assert logs.newest(10, datetime.fromisoformat(whole[3].time)) == whole[3:]


def test_a_run_a_version_and_a_severity_are_conditions(logs: Logs) -> None:
    def events(condition: str) -> list[str]:
        return [line.event for line in logs.newest(10, BEGIN, condition)]

    assert events(of_run("train-a")) == ["run_started", "model_committed", "run_started"]
    assert events(of_version(7)) == ["model_committed", "model_serving"]
    assert events(from_severity("WARNING")) == ["run_failed"]


def test_following_tells_each_line_once_also_one_that_turns_up_late(
    logs: Logs, here: OperatedCloud
) -> None:
    following = logs.following(BEGIN)
    assert len(next(following)) == 5
    assert next(following) == []
    _write(here, "on-model-released", [("service_reloaded", {})])
    assert [line.event for line in next(following)] == ["service_reloaded"]
    assert next(following) == []


def test_after_the_newest_ones_only_what_turns_up_is_told(logs: Logs, here: OperatedCloud) -> None:
    looks = logs.newest_and_on(2, BEGIN, BEGIN + timedelta(seconds=6))
    assert [line.event for line in next(looks)] == ["model_serving", "run_started"]
    _write(here, "on-model-released", [("service_reloaded", {})])
    assert [line.event for line in next(looks)] == ["service_reloaded"]
    assert next(looks) == []


def test_following_drops_nothing_however_much_turns_up_between_two_looks(
    logs: Logs, here: OperatedCloud
) -> None:
    following = logs.following(BEGIN)
    next(following)
    _write(here, "ticket-urgency-1", [("request", {"n": n}) for n in range(2 * PAGE + 1)])
    found = next(following)
    assert [line.fields["n"] for line in found] == [*range(2 * PAGE + 1)]
    assert next(following) == []


def test_each_hop_of_the_heartbeat_has_its_age_or_none(here: OperatedCloud) -> None:
    said: dict[str, object] = {"hop": "landed"}
    beats = [("heartbeat", said), ("heartbeat", said), ("event_refused", said)]
    _write(here, "on-csv-landed", beats)
    _write(here, "executions/train-a", [("heartbeat", {"hop": "train"})])
    logs = Logs(replace(here.settings, log_view=here.cloud.wiring.log_view))
    assert hops(logs, BEGIN + timedelta(minutes=1)) == [
        Hop("landed", 59.0),
        Hop("train", 57.0),
        Hop("released", None),
    ]


def test_who_may_not_read_the_view_is_told(logs: Logs, here: OperatedCloud) -> None:
    other = here.cloud.wiring.log_view.replace("ticket-urgency", "other")
    with pytest.raises(Forbidden, match="read the logs"):
        Logs(replace(here.settings, log_view=other)).newest(1, BEGIN)


def test_a_log_that_does_not_answer_is_unavailable(here: OperatedCloud) -> None:
    nowhere = replace(here.settings, logging_endpoint="http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="read the logs"):
        Logs(nowhere).newest(1, BEGIN)


@pytest.mark.parametrize(
    ("filter_", "taken"),
    [
        ('a="x" AND (b=1 OR b=2)', True),
        ('a="x" AND (b=3 OR b=4)', False),
        ('a=("y" OR "x")', True),
        ('labels."p.q"="z"', True),
        ('timestamp>="2026-01-02T03:04:05Z"', True),
        ('timestamp<"2026-01-02T04:04:05+01:00"', False),
        ("severity>=INFO", True),
        ("severity>INFO", False),
        ("", True),
    ],
)
def test_filters_are_read_as_the_query_language_says(filter_: str, taken: bool) -> None:
    entry = entry_of('{"message": "m", "time": "2026-01-02T03:04:05Z"}', "cloud_run_job")
    entry |= {"a": "x", "b": 2, "labels": {"p.q": "z"}, "severity": "INFO"}
    assert passing(filter_)(entry) is taken


@pytest.mark.parametrize(
    "filter_", ["a", "a=", "(a=1", "a=(1 OR", "a~1", "a=1 b=2", "AND", "NOT a=1"]
)
def test_what_is_not_known_of_the_language_is_refused(filter_: str) -> None:
    with pytest.raises(ValueError, match="query language"):
        passing(filter_)


def test_a_span_of_time_has_a_number_and_a_unit() -> None:
    assert (_span("90m"), _span("2d")) == (timedelta(minutes=90), timedelta(days=2))
    with pytest.raises(UsageError, match="10m, 2h or 7d"):
        _span("yesterday")


def _write(here: OperatedCloud, name: str, lines: list[tuple[str, dict[str, object]]]) -> None:
    """Append lines to a container's log; each is a second later than all before it."""
    files = sorted(here.cloud.home.logs.rglob("*.log"))
    written = sum(file.read_text().count("time") for file in files)
    with (here.cloud.home.logs / f"{name}.log").open("a") as log:
        for second, (event, fields) in enumerate(lines, start=written):
            time = (BEGIN + timedelta(seconds=second)).isoformat()
            log.write(
                json.dumps({"severity": "INFO", "message": event, "time": time} | fields) + "\n"
            )
