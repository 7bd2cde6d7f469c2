"""The event chain of real processes stops, and says where, when a grant is taken away.

A sample of the chain's links; all of them with URGENCY_PROVE=1. tests/infra/test_grants.py covers
every grant.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud.grants import GRANTS, checkout_without
from tests.support.cloud.live_stack import LiveStack, live_stack, publish_heartbeat
from tests.support.waiting import eventually

Hop = tuple[str, dict[str, Any]]
TRAIN_FAILS: Hop = ("job_attempt_failed", {"who": "train"})


def refused(subscription: str, status: int) -> Hop:
    return "push_refused", {"subscription": subscription, "status": status}


# grant -> the last hop of the chain after a CSV was dropped
STOPS: dict[str, Hop] = {
    "storage's agent: pubsub.publisher on topics/tickets-landed": (
        "notification_refused",
        {"topic": "tickets-landed"},
    ),
    "pubsub's agent: iam.serviceAccountTokenCreator on serviceAccounts/urgency-pusher": refused(
        "on-csv-landed", 403
    ),
    "urgency-pusher: run.servicesInvoker on services/on-csv-landed": refused("on-csv-landed", 403),
    "urgency-trigger: run.jobsExecutor on jobs/train": refused("on-csv-landed", 500),
    "urgency-train: storage.objectViewer on buckets/landing": TRAIN_FAILS,
    "urgency-train: storage.objectCreator on buckets/registry": TRAIN_FAILS,
    "urgency-train: storage.objectViewer on buckets/registry": TRAIN_FAILS,
    "urgency-train: storage.objectUser on buckets/control": TRAIN_FAILS,
    "urgency-train: pubsub.publisher on topics/model-released": TRAIN_FAILS,
    "urgency-pusher: run.servicesInvoker on services/on-model-released": refused(
        "on-model-released", 403
    ),
    "urgency-reload: run.servicesInvoker on services/ticket-urgency": refused(
        "on-model-released", 500
    ),
    "urgency-serve: storage.objectViewer on buckets/control": refused("on-model-released", 500),
    "urgency-serve: storage.objectViewer on buckets/registry": refused("on-model-released", 500),
}
NOT_OF_THE_HEART = {
    "storage's agent: pubsub.publisher on topics/tickets-landed",  # the clock publishes it
    "urgency-train: storage.objectCreator on buckets/registry",  # a run without news writes nothing
    "urgency-train: pubsub.publisher on topics/model-released",  # said in the log, fails no run
}
DROP = ("drop", "data/tickets.csv", "--wait")
ARCHIVE = "gs://local-helpdesk-urgency-archive"
SCORE = ("score", f"{ARCHIVE}/in/2025", "-o", f"{ARCHIVE}/scored/2025")
ROLL_BACK = ("rollback", "--to", "1", "--reason", "the test says so")

# grant -> what an operator types; the last command fails and says why
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "operator: storage.objectUser on buckets/landing incoming/": [("drop", "data/tickets.csv")],
    "operator: storage.objectViewer on buckets/landing": [("receipts",)],
    "operator: storage.objectViewer on buckets/registry": [("models",)],
    "operator: storage.objectUser on buckets/control": [("models",)],
    "operator: run.jobsExecutor on jobs/train": [("train",)],
    "operator: run.viewer on jobs/train": [("train", "--wait")],
    "operator: run.jobsExecutorWithOverrides on jobs/score": [SCORE],
    "operator: run.viewer on jobs/score": [SCORE],
    "operator: run.servicesInvoker on services/ticket-urgency": [("predict", "anything")],
    "operator: pubsub.publisher on topics/model-released": [DROP, ROLL_BACK],
    "operator: pubsub.subscriber on subscriptions/dead-letters": [("doctor",)],
}
RECEIPTS = "urgency-train: storage.objectCreator on buckets/landing receipts/"
ALL = bool(os.environ.get("URGENCY_PROVE"))
SAMPLE = {
    "storage's agent: pubsub.publisher on topics/tickets-landed",
    "urgency-trigger: run.jobsExecutor on jobs/train",
    "operator: run.servicesInvoker on services/ticket-urgency",
}


def chosen(table: dict[str, Any]) -> list[str]:
    assert table.keys() <= GRANTS.keys()
    return [name for name in table if ALL or name in SAMPLE]


def has_hop(stack: LiveStack, hop: Hop, since: int = 0) -> bool:
    """Whether the timeline tells of it, after its first `since` lines of that kind."""
    kind, facts = hop
    return any(facts.items() <= line.items() for line in stack.hops(kind)[since:])


def runs_of(stack: LiveStack) -> set[str]:
    return {line["execution"] for line in stack.hops("job_execution_requested")}


@pytest.mark.parametrize("grant", chosen(STOPS))
def test_the_chain_stops_there(grant: str, tmp_path: Path) -> None:
    with live_stack(
        tmp_path / "home", checkout=checkout_without(grant, tmp_path / "checkout")
    ) as stack:
        assert stack.urgency("drop", "data/tickets.csv").code == 0
        eventually(lambda: has_hop(stack, STOPS[grant]))
        delivered = {line["subscription"] for line in stack.hops("push_delivered")}
        assert "on-model-released" not in delivered


@pytest.mark.parametrize("grant", [one for one in chosen(STOPS) if one not in NOT_OF_THE_HEART])
def test_the_heart_falls_silent_there(grant: str, tmp_path: Path) -> None:
    """With a model that serves, so that nothing but the heartbeat would tell."""
    home = tmp_path / "home"
    with live_stack(home) as whole:
        assert whole.urgency(*DROP).code == 0
    with live_stack(home, checkout=checkout_without(grant, tmp_path / "checkout")) as stack:
        told, runs = len(stack.hops(STOPS[grant][0])), runs_of(stack)
        publish_heartbeat(stack)
        eventually(lambda: has_hop(stack, STOPS[grant], since=told))
        released = (home / "logs" / "on-model-released.log").read_text()
        assert not any(f'"{run}", "hop": "released"' in released for run in runs_of(stack) - runs)


@pytest.mark.parametrize("grant", chosen(COMMANDS))
def test_the_operator_is_refused(grant: str, tmp_path: Path) -> None:
    *before, command = COMMANDS[grant]
    with live_stack(
        tmp_path / "home", checkout=checkout_without(grant, tmp_path / "checkout")
    ) as stack:
        for done in before:
            assert stack.urgency(*done).code == 0
        result = stack.urgency(*command)
        assert result.code
        assert re.search("may not|does not have|refused this identity", result.out + result.err), (
            result
        )


@pytest.mark.skipif(not ALL, reason="one of the long ones: URGENCY_PROVE=1")
def test_without_the_right_to_answer_the_run_fails_and_no_receipt_comes(tmp_path: Path) -> None:
    checkout = checkout_without(RECEIPTS, tmp_path / "checkout")
    with live_stack(tmp_path / "home", checkout=checkout) as stack:
        assert stack.urgency(*DROP, "--timeout", "20").code == 6
        assert has_hop(stack, TRAIN_FAILS)
