"""No grant is missing or superfluous: each is needed by a promise that fails without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import google.api_core.exceptions as api
import pytest
from werkzeug.wrappers import Response

from tests.support.cloud.grants import GRANTS, WIRING, without
from tests.support.cloud.guarded import (
    DRIFT,
    HEARTBEAT,
    SERVICE,
    SWEEP,
    GuardedCloud,
    Refused,
    guarded,
)
from tests.support.cloud.whole_cloud import cloud
from urgency.errors import Forbidden
from urgency.store import ABSENT

Deed = Callable[[GuardedCloud], object]
REFUSALS = (Refused, Forbidden, api.Forbidden)


def announce(system: GuardedCloud) -> None:
    system.bucket("operator", "landing").put("incoming/a.csv", b"title\nx\n", ABSENT)
    topic = {"topic": "tickets-landed"}
    system.expect(("message_published", topic), ("notification_refused", topic))


def publish_for(system: GuardedCloud, subscription: str) -> None:
    """What a subscription delivers."""
    if subscription == "on-csv-landed":
        announce(system)
    else:
        topic = {"on-model-released": "model-released", "on-notice": "notices"}[subscription]
        system.publish("urgency-train", topic)


def push(system: GuardedCloud, subscription: str) -> None:
    """By what each topic is published on; the endpoint behind the front accepts."""
    publish_for(system, subscription)
    name = {"subscription": subscription}
    system.expect(("push_delivered", name), ("push_refused", name | {"status": 403}))


def sign(system: GuardedCloud) -> None:
    system.publish("urgency-train", "model-released")
    system.expect(("push_delivered", {}), ("push_token_refused", {}))


def fail_until_dead_letter(system: GuardedCloud, subscription: str) -> None:
    """A message that the function fails on until Pub/Sub gives up."""
    system.endpoints[subscription].answer = lambda _: Response(status=500)
    publish_for(system, subscription)
    dead = ("message_published", {"topic": "dead-letters"})
    system.expect(dead, ("dead_letter_refused", {"subscription": subscription}))


def read(system: GuardedCloud, account: str, bucket: str, name: str, author: str) -> None:
    """Something that its author wrote, and what else is there."""
    system.bucket(author, bucket).put(name, b"x", ABSENT)
    assert system.bucket(account, bucket).get(name)
    assert name in [one.name for one in system.bucket(account, bucket).list("")]


def read_receipt(system: GuardedCloud) -> None:
    system.bucket("urgency-train", "landing").put("receipts/a.csv.md", b"x", ABSENT)
    mine = system.bucket("uploader", "landing")
    assert [mine.get(one.name) for one in mine.list("receipts/")]


def replace_file(system: GuardedCloud, account: str) -> None:
    landing = system.bucket(account, "landing")
    landing.put("incoming/a.csv", b"new", landing.put("incoming/a.csv", b"old", ABSENT))
    [listed] = landing.list("incoming/")
    system.delete(account, "landing", listed.name)


def lay_feedback(system: GuardedCloud) -> None:
    """A label that the service took lies in the bucket."""
    system.publish("urgency-serve", "ticket-feedback")
    name = {"subscription": "ticket-feedback"}
    system.expect(("storage_written", name), ("storage_write_refused", name | {"status": 403}))


def bury_feedback(system: GuardedCloud) -> None:
    """A message for a bucket that is not there, until Pub/Sub gives up."""
    wiring = system.cloud.wiring
    subscriptions = tuple(
        replace(one, storage=one.storage and replace(one.storage, bucket="gone"))
        for one in wiring.subscriptions
    )
    folder = system.cloud.home.root / "without-bucket"
    with cloud(folder, replace(wiring, subscriptions=subscriptions), speedup=10_000) as place:
        astray = GuardedCloud(place, {}, {})
        astray.publish("urgency-serve", "ticket-feedback")
        dead = ("message_published", {"topic": "dead-letters"})
        astray.expect(dead, ("dead_letter_refused", {"subscription": "ticket-feedback"}))


def swap(system: GuardedCloud, account: str) -> None:
    """The release pointer, by compare-and-swap."""
    control = system.bucket(account, "control")
    control.put("release.json", b"2", control.put("release.json", b"1", ABSENT))
    assert control.get("release.json")


def create(system: GuardedCloud, bucket: str, name: str) -> None:
    system.bucket("urgency-train", bucket).put(name, b"x", ABSENT)


def lay_down(system: GuardedCloud) -> None:
    """What an instance counted reaches its bucket."""
    line = {"severity": "INFO", "time": "2026-03-04T05:06:07Z", "message": "observed", "version": 1}
    (system.cloud.home.logs / f"{SERVICE}-1.log").write_text(json.dumps(line) + "\n")
    system.expect(("sink_written", {}), ("sink_refused", {"status": 403}))


def read_observed(system: GuardedCloud, account: str) -> None:
    lay_down(system)
    observed = system.bucket(account, "observed")
    [listed] = observed.list("")
    assert observed.get(listed.name)


# grant -> the promise that needs it, and the smallest real deed that keeps the promise
PROMISES: dict[str, tuple[str, Deed]] = {
    "storage's agent: pubsub.publisher on topics/tickets-landed": (
        "a dropped CSV is announced",
        announce,
    ),
    "pubsub's agent: iam.serviceAccountTokenCreator on serviceAccounts/urgency-pusher": (
        "a push says who it is",
        sign,
    ),
    "pubsub's agent: pubsub.publisher on topics/dead-letters": (
        "what cannot be delivered is kept",
        lambda system: fail_until_dead_letter(system, "on-csv-landed"),
    ),
    "pubsub's agent: pubsub.subscriber on subscriptions/on-csv-landed": (
        "an undeliverable landing leaves its subscription",
        lambda system: fail_until_dead_letter(system, "on-csv-landed"),
    ),
    "pubsub's agent: pubsub.subscriber on subscriptions/on-model-released": (
        "an undeliverable release leaves its subscription",
        lambda system: fail_until_dead_letter(system, "on-model-released"),
    ),
    "pubsub's agent: storage.objectCreator on buckets/landing": (
        "feedback is laid into the bucket",
        lay_feedback,
    ),
    "pubsub's agent: storage.legacyBucketReader on buckets/landing": (
        "the bucket for feedback is known to be there",
        lay_feedback,
    ),
    "pubsub's agent: pubsub.subscriber on subscriptions/ticket-feedback": (
        "feedback that cannot be laid leaves its subscription",
        bury_feedback,
    ),
    "urgency-serve: pubsub.publisher on topics/ticket-feedback": (
        "the service hands feedback on",
        lambda system: system.publish("urgency-serve", "ticket-feedback"),
    ),
    "pubsub's agent: pubsub.subscriber on subscriptions/on-notice": (
        "an undeliverable notice leaves its subscription",
        lambda system: fail_until_dead_letter(system, "on-notice"),
    ),
    "urgency-pusher: run.servicesInvoker on services/on-notice": (
        "a notice reaches its function",
        lambda system: push(system, "on-notice"),
    ),
    "urgency-train: pubsub.publisher on topics/notices": (
        "the job tells what happened",
        lambda system: system.publish("urgency-train", "notices"),
    ),
    "operator: pubsub.publisher on topics/notices": (
        "operators send a dead letter of a notice again",
        lambda system: system.publish("operator", "notices"),
    ),
    "operator: pubsub.viewer on subscriptions/on-notice": (
        "operators know on which topic a notice was published",
        lambda system: system.see_subscription("operator", "on-notice"),
    ),
    "urgency-pusher: run.servicesInvoker on services/on-csv-landed": (
        "a landing reaches its function",
        lambda system: push(system, "on-csv-landed"),
    ),
    "urgency-pusher: run.servicesInvoker on services/on-model-released": (
        "a release reaches its function",
        lambda system: push(system, "on-model-released"),
    ),
    "urgency-trigger: run.jobsExecutor on jobs/train": (
        "a landing starts the job",
        lambda system: system.run_job("urgency-trigger"),
    ),
    "urgency-scheduler: run.jobsExecutor on jobs/train": (
        "the clock starts the job",
        lambda system: system.fire(SWEEP),
    ),
    "urgency-scheduler: pubsub.publisher on topics/tickets-landed": (
        "the heart beats",
        lambda system: system.fire(HEARTBEAT),
    ),
    "urgency-reload: run.servicesInvoker on services/ticket-urgency": (
        "a release makes the service reload",
        lambda system: system.call("urgency-reload", SERVICE, "/v1/model:reload", "urgency-reload"),
    ),
    "urgency-webhook: run.servicesInvoker on services/ticket-urgency": (
        "a helpdesk's ticket is scored",
        lambda system: system.call("urgency-webhook", SERVICE, "/v1/predict", "urgency-reload"),
    ),
    "urgency-webhook: pubsub.publisher on topics/ticket-scored": (
        "a score is announced",
        lambda system: system.publish("urgency-webhook", "ticket-scored"),
    ),
    "urgency-train: storage.objectViewer on buckets/landing": (
        "the job reads what landed",
        lambda system: read(system, "urgency-train", "landing", "incoming/a.csv", "operator"),
    ),
    "urgency-train: storage.objectCreator on buckets/landing receipts/": (
        "the job answers with a receipt",
        lambda system: create(system, "landing", "receipts/a.csv.md"),
    ),
    "urgency-train: storage.objectCreator on buckets/registry": (
        "the job commits a model",
        lambda system: create(system, "registry", "models/000001.json"),
    ),
    "urgency-train: storage.objectViewer on buckets/registry": (
        "the job knows the champion",
        lambda system: read(
            system, "urgency-train", "registry", "models/000001.json", "urgency-train"
        ),
    ),
    "urgency-train: storage.objectUser on buckets/control": (
        "the job moves the pointer",
        lambda system: swap(system, "urgency-train"),
    ),
    "urgency-train: pubsub.publisher on topics/model-released": (
        "the job announces a release",
        lambda system: system.publish("urgency-train", "model-released"),
    ),
    "logging's agent: storage.objectCreator on buckets/observed": (
        "what was counted is laid down",
        lay_down,
    ),
    "urgency-scheduler: run.jobsExecutor on jobs/drift": (
        "the clock starts the drift job",
        lambda system: system.fire(DRIFT),
    ),
    "urgency-drift: run.jobsExecutor on jobs/train": (
        "a move starts a training",
        lambda system: system.run_job("urgency-drift"),
    ),
    "urgency-drift: storage.objectViewer on buckets/observed": (
        "the drift job reads what was counted",
        lambda system: read_observed(system, "urgency-drift"),
    ),
    "urgency-drift: storage.objectViewer on buckets/registry": (
        "the drift job reads the reference",
        lambda system: read(
            system, "urgency-drift", "registry", "models/000001.json", "urgency-train"
        ),
    ),
    "urgency-drift: storage.objectViewer on buckets/control": (
        "the drift job knows what serves",
        lambda system: read(system, "urgency-drift", "control", "release.json", "urgency-train"),
    ),
    "urgency-drift: storage.objectUser on buckets/control drift/": (
        "the drift job stores what it found",
        lambda system: system.bucket("urgency-drift", "control").put(
            "drift/latest.json", b"{}", ABSENT
        ),
    ),
    "operator: storage.objectViewer on buckets/observed": (
        "operators can ask for drift now",
        lambda system: read_observed(system, "operator"),
    ),
    "urgency-serve: storage.objectViewer on buckets/control": (
        "the service follows the pointer",
        lambda system: read(system, "urgency-serve", "control", "release.json", "urgency-train"),
    ),
    "urgency-serve: storage.objectViewer on buckets/registry": (
        "the service loads a model",
        lambda system: read(
            system, "urgency-serve", "registry", "models/000001.json", "urgency-train"
        ),
    ),
    "operator: storage.objectViewer on buckets/landing": (
        "operators see files and receipts",
        lambda system: read(system, "operator", "landing", "receipts/a.csv.md", "urgency-train"),
    ),
    "operator: storage.objectUser on buckets/landing incoming/": (
        "operators drop, replace and delete files",
        lambda system: replace_file(system, "operator"),
    ),
    "operator: storage.objectViewer on buckets/registry": (
        "operators can ask why",
        lambda system: read(system, "operator", "registry", "models/000001.json", "urgency-train"),
    ),
    "operator: storage.objectUser on buckets/control": (
        "operators roll back",
        lambda system: swap(system, "operator"),
    ),
    "operator: run.jobsExecutor on jobs/train": (
        "operators start a run",
        lambda system: system.run_job("operator"),
    ),
    "operator: run.viewer on jobs/train": (
        "operators see how runs ended",
        lambda system: system.list_runs("operator"),
    ),
    "operator: serviceusage.serviceUsageConsumer on projects/local-helpdesk": (
        "what operators ask counts against the project",
        lambda system: system.list_runs("operator", counted=True),
    ),
    "operator: run.servicesInvoker on services/ticket-urgency": (
        "operators predict",
        lambda system: system.call("operator", SERVICE, "/v1/predict"),
    ),
    "operator: pubsub.publisher on topics/model-released": (
        "operators announce a rollback",
        lambda system: system.publish("operator", "model-released"),
    ),
    "operator: pubsub.publisher on topics/tickets-landed": (
        "operators send a dead letter of a landing again",
        lambda system: system.publish("operator", "tickets-landed"),
    ),
    "operator: pubsub.publisher on topics/ticket-feedback": (
        "operators send a dead letter of feedback again",
        lambda system: system.publish("operator", "ticket-feedback"),
    ),
    "operator: pubsub.viewer on subscriptions/ticket-feedback": (
        "operators know on which topic feedback was announced",
        lambda system: system.see_subscription("operator", "ticket-feedback"),
    ),
    "operator: pubsub.viewer on subscriptions/on-csv-landed": (
        "operators know on which topic a landing was announced",
        lambda system: system.see_subscription("operator", "on-csv-landed"),
    ),
    "operator: pubsub.viewer on subscriptions/on-model-released": (
        "operators know on which topic a release was announced",
        lambda system: system.see_subscription("operator", "on-model-released"),
    ),
    "operator: pubsub.subscriber on subscriptions/dead-letters": (
        "operators look at dead letters",
        lambda system: system.pull("operator", "dead-letters"),
    ),
    "operator: logging.viewAccessor on views/ticket-urgency": (
        "operators read what was logged",
        lambda system: system.read_logs("operator"),
    ),
    "urgency-score: storage.objectViewer on buckets/archive": (
        "scoring reads an archive",
        lambda system: read(system, "urgency-score", "archive", "in/a.csv", "operator"),
    ),
    "urgency-score: storage.objectCreator on buckets/archive scored/": (
        "scoring writes scores",
        lambda system: system.bucket("urgency-score", "archive").put("scored/a", b"x", ABSENT),
    ),
    "urgency-score: storage.objectViewer on buckets/registry": (
        "scoring reads a model",
        lambda system: read(system, "urgency-score", "registry", "models/1", "urgency-train"),
    ),
    "urgency-score: storage.objectViewer on buckets/control": (
        "scoring finds the champion",
        lambda system: read(system, "urgency-score", "control", "release.json", "urgency-train"),
    ),
    "operator: storage.objectUser on buckets/archive": (
        "operators bring archives",
        lambda system: system.bucket("operator", "archive").put("in/a.csv", b"x", ABSENT),
    ),
    "operator: run.jobsExecutorWithOverrides on jobs/score": (
        "operators say which archive is scored",
        lambda system: system.run_job("operator", overrides=True, job="score"),
    ),
    "operator: run.viewer on jobs/score": (
        "operators see how scoring ended",
        lambda system: system.list_runs("operator", job="score"),
    ),
    "uploader: storage.objectUser on buckets/landing incoming/": (
        "uploaders drop, replace, list and delete files",
        lambda system: replace_file(system, "uploader"),
    ),
    "uploader: storage.objectViewer on buckets/landing receipts/": (
        "uploaders list and read receipts",
        read_receipt,
    ),
    "caller: run.servicesInvoker on services/ticket-urgency": (
        "callers predict",
        lambda system: system.call("caller", SERVICE, "/v1/predict"),
    ),
}


EACH_PROMISE = pytest.mark.parametrize(
    ("grant", "deed"),
    [
        pytest.param(grant, deed, id=promise.replace(" ", "_"))
        for grant, (promise, deed) in PROMISES.items()
    ],
)


def test_every_grant_has_its_promise_and_every_promise_its_grant() -> None:
    assert PROMISES.keys() == GRANTS.keys()
    assert len(GRANTS) == len(WIRING.grants), "a grant stands twice"
    assert len({promise for promise, _ in PROMISES.values()}) == len(PROMISES)


@EACH_PROMISE
def test_with_every_grant_the_promise_is_kept(grant: str, deed: Deed, tmp_path: Path) -> None:
    with guarded(tmp_path, WIRING) as system:
        deed(system)


@EACH_PROMISE
def test_without_its_grant_the_promise_is_broken(grant: str, deed: Deed, tmp_path: Path) -> None:
    with guarded(tmp_path, without(grant)) as system, pytest.raises(REFUSALS):
        deed(system)
