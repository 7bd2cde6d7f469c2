"""What must fail does fail, and only without the grant: with every grant it succeeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import google.api_core.exceptions as api
import pytest

from infra.local.wiring import Grant, Wiring
from tests.support.cloud.guarded import SERVICE, GuardedCloud, Refused, guarded
from tests.support.cloud.whole_cloud import WIRING
from urgency.errors import Forbidden
from urgency.store import ABSENT

Attempt = Callable[[GuardedCloud, str], object]
OPENS = {
    "buckets": ("roles/storage.objectAdmin",),
    "topics": ("roles/pubsub.publisher",),
    "subscriptions": ("roles/pubsub.subscriber",),
    "jobs": ("roles/run.jobsExecutorWithOverrides", "roles/run.viewer"),
    "services": ("roles/run.servicesInvoker",),
    "views": ("roles/logging.viewAccessor",),
    "serviceAccounts": ("roles/iam.serviceAccountTokenCreator",),
    "projects": ("roles/serviceusage.serviceUsageConsumer",),
}
THERE = {
    "landing": ["incoming/ann.csv", "receipts/ann.md"],
    "registry": ["models/1.json"],
    "control": ["release.json"],
    "archive": ["in/2025.csv", "scored/2025/manifest.json"],
    "observed": [],
}


def create(bucket: str, name: str) -> Attempt:
    return lambda system, account: system.bucket(account, bucket).put(name, b"x", ABSENT)


def overwrite(bucket: str, name: str) -> Attempt:
    def attempt(system: GuardedCloud, account: str) -> None:
        there = next(one for one in system.bucket("operator", bucket).list("") if one.name == name)
        system.bucket(account, bucket).put(name, b"y", there.generation)

    return attempt


def delete(bucket: str, name: str) -> Attempt:
    return lambda system, account: system.delete(account, bucket, name)


def read(bucket: str, name: str) -> Attempt:
    return lambda system, account: system.bucket(account, bucket).get(name)


def list_(bucket: str, prefix: str = "") -> Attempt:
    return lambda system, account: list(system.bucket(account, bucket).list(prefix))


def publish(topic: str) -> Attempt:
    return lambda system, account: system.publish(account, topic)


def pull(subscription: str) -> Attempt:
    return lambda system, account: system.pull(account, subscription)


def call(container: str, path: str = "/") -> Attempt:
    return lambda system, account: system.call(account, container, path)


def run(system: GuardedCloud, account: str) -> None:
    system.run_job(account)


def run_score(system: GuardedCloud, account: str) -> None:
    system.run_job(account, job="score")


def run_with_overrides(system: GuardedCloud, account: str) -> None:
    system.run_job(account, overrides=True)


def watch(system: GuardedCloud, account: str) -> None:
    system.list_runs(account)


RELOAD, PREDICT = call(SERVICE, "/v1/model:reload"), call(SERVICE, "/v1/predict")

# account, what it tries, how; none of these is allowed
ATTEMPTS: list[tuple[str, str, Attempt]] = [
    ("urgency-serve", "create a model", create("registry", "models/2.json")),
    ("urgency-serve", "move the pointer", overwrite("control", "release.json")),
    ("urgency-serve", "delete the pointer", delete("control", "release.json")),
    ("urgency-serve", "write a receipt", create("landing", "receipts/x.md")),
    ("urgency-serve", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-serve", "list tickets", list_("landing")),
    ("urgency-serve", "announce a release", publish("model-released")),
    ("urgency-serve", "announce a landing", publish("tickets-landed")),
    ("urgency-serve", "write feedback by itself", create("landing", "feedback/x.jsonl")),
    ("urgency-train", "make up feedback", create("landing", "feedback/x.jsonl")),
    ("operator", "make up feedback", create("landing", "feedback/x.jsonl")),
    ("uploader", "read feedback", read("landing", "feedback/a.jsonl")),
    ("caller", "publish feedback past the service", publish("ticket-feedback")),
    ("urgency-serve", "run the job", run),
    ("urgency-trigger", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-trigger", "list tickets", list_("landing")),
    ("urgency-trigger", "read the registry", read("registry", "models/1.json")),
    ("urgency-trigger", "move the pointer", overwrite("control", "release.json")),
    ("urgency-trigger", "run the job as something else", run_with_overrides),
    ("urgency-trigger", "reload the service", RELOAD),
    ("urgency-reload", "run the job", run),
    ("urgency-reload", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-reload", "read the registry", read("registry", "models/1.json")),
    ("urgency-reload", "move the pointer", overwrite("control", "release.json")),
    ("urgency-reload", "call the other function", call("on-csv-landed")),
    ("urgency-notices", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-notices", "read the pointer", read("control", "release.json")),
    ("urgency-notices", "tell something by itself", publish("notices")),
    ("urgency-notices", "run the job", run),
    ("urgency-notices", "predict", PREDICT),
    ("uploader", "tell something", publish("notices")),
    ("urgency-pusher", "reload the service", RELOAD),
    ("urgency-pusher", "run the job", run),
    ("urgency-pusher", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-pusher", "pull what it pushes", pull("on-csv-landed")),
    ("urgency-train", "drop tickets", create("landing", "incoming/x.csv")),
    ("urgency-train", "overwrite tickets", overwrite("landing", "incoming/ann.csv")),
    ("urgency-train", "delete tickets", delete("landing", "incoming/ann.csv")),
    ("urgency-train", "write elsewhere in landing", create("landing", "receipts.md")),
    ("urgency-train", "overwrite a receipt", overwrite("landing", "receipts/ann.md")),
    ("urgency-train", "overwrite a model", overwrite("registry", "models/1.json")),
    ("urgency-train", "delete a model", delete("registry", "models/1.json")),
    ("urgency-train", "announce a landing", publish("tickets-landed")),
    ("urgency-train", "predict", PREDICT),
    ("urgency-train", "reload the service", RELOAD),
    ("urgency-train", "run itself", run),
    ("urgency-score", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-score", "create a model", create("registry", "models/2.json")),
    ("urgency-score", "move the pointer", overwrite("control", "release.json")),
    ("urgency-score", "write into an archive", create("archive", "in/x.csv")),
    ("urgency-score", "overwrite an archive", overwrite("archive", "in/2025.csv")),
    ("urgency-score", "overwrite scores", overwrite("archive", "scored/2025/manifest.json")),
    ("urgency-score", "delete scores", delete("archive", "scored/2025/manifest.json")),
    ("urgency-score", "run a job", run),
    ("urgency-train", "read archives", read("archive", "in/2025.csv")),
    ("urgency-serve", "read archives", read("archive", "in/2025.csv")),
    ("uploader", "read archives", read("archive", "in/2025.csv")),
    ("urgency-drift", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-drift", "create a model", create("registry", "models/2.json")),
    ("urgency-drift", "move the pointer", overwrite("control", "release.json")),
    ("urgency-drift", "delete the pointer", delete("control", "release.json")),
    ("urgency-drift", "make up counts", create("observed", "x.json")),
    ("urgency-drift", "announce a release", publish("model-released")),
    ("urgency-drift", "list tickets", list_("landing")),
    ("urgency-drift", "run the job as something else", run_with_overrides),
    ("urgency-drift", "run another job", run_score),
    ("urgency-drift", "watch runs", watch),
    ("urgency-train", "read counts", list_("observed")),
    ("urgency-serve", "read counts", list_("observed")),
    ("urgency-serve", "make up counts", create("observed", "x.json")),
    ("operator", "make up counts", create("observed", "x.json")),
    ("uploader", "read counts", list_("observed")),
    ("urgency-scheduler", "read tickets", read("landing", "incoming/ann.csv")),
    ("urgency-scheduler", "read the registry", read("registry", "models/1.json")),
    ("urgency-scheduler", "list the control bucket", list_("control")),
    ("urgency-scheduler", "watch runs", watch),
    ("urgency-scheduler", "run the job as something else", run_with_overrides),
    ("operator", "create a model", create("registry", "models/2.json")),
    ("operator", "overwrite a model", overwrite("registry", "models/1.json")),
    ("operator", "delete a model", delete("registry", "models/1.json")),
    ("operator", "write a receipt", create("landing", "receipts/x.md")),
    ("operator", "overwrite a receipt", overwrite("landing", "receipts/ann.md")),
    ("operator", "publish a score", publish("ticket-scored")),
    ("operator", "call a function", call("on-csv-landed")),
    ("operator", "take a function's messages", pull("on-model-released")),
    ("operator", "run the job as something else", run_with_overrides),
    ("uploader", "list the whole landing bucket", list_("landing")),
    ("uploader", "list more than a folder", list_("landing", "incomin")),
    ("uploader", "list beside a folder", list_("landing", "receipts.")),
    ("uploader", "read beside incoming", read("landing", "incoming.csv")),
    ("uploader", "overwrite a receipt", overwrite("landing", "receipts/ann.md")),
    ("uploader", "write a receipt", create("landing", "receipts/x.md")),
    ("uploader", "delete a receipt", delete("landing", "receipts/ann.md")),
    ("uploader", "write elsewhere in landing", create("landing", "incoming.csv")),
    ("uploader", "read the registry", read("registry", "models/1.json")),
    ("uploader", "list the registry", list_("registry")),
    ("uploader", "list the registry by a prefix of landing", list_("registry", "incoming/")),
    ("uploader", "read the pointer", read("control", "release.json")),
    ("uploader", "list the control bucket", list_("control", "incoming/")),
    ("uploader", "announce a landing", publish("tickets-landed")),
    ("uploader", "announce a release", publish("model-released")),
    ("uploader", "watch runs", watch),
    ("uploader", "move the pointer", overwrite("control", "release.json")),
    ("uploader", "run the job", run),
    ("uploader", "predict", PREDICT),
    ("uploader", "reload the service", RELOAD),
    ("uploader", "look at dead letters", pull("dead-letters")),
    ("caller", "drop tickets", create("landing", "incoming/x.csv")),
    ("caller", "read tickets", read("landing", "incoming/ann.csv")),
    ("caller", "read the registry", read("registry", "models/1.json")),
    ("caller", "move the pointer", overwrite("control", "release.json")),
    ("caller", "run the job", run),
    ("caller", "announce a release", publish("model-released")),
]
EACH_ATTEMPT = pytest.mark.parametrize(
    ("account", "attempt"),
    [
        pytest.param(account, attempt, id=f"{account} {what}".replace(" ", "_"))
        for account, what, attempt in ATTEMPTS
    ],
)


def everything(wiring: Wiring) -> Wiring:
    """Every role of OPENS to everybody, on every resource that the grants name."""
    resources = {grant.resource for grant in wiring.grants}
    machines = [
        f"serviceAccount:{email}" for email in (*wiring.service_accounts, *wiring.agents.values())
    ]
    grants = (
        Grant(resource, role, member)
        for resource in resources
        for role in OPENS[resource.partition("/")[0]]
        for member in (*machines, *wiring.people.values())
    )
    return replace(wiring, grants=tuple(grants))


def fill(system: GuardedCloud) -> None:
    """What the attempts aim at, written by whom the wiring lets."""
    for bucket, names in THERE.items():
        for name in names:
            by_people = bucket == "archive" or name.startswith("incoming/")
            author = "operator" if by_people else "urgency-train"
            system.bucket(author, bucket).put(name, b"x", ABSENT)


def empty(system: GuardedCloud) -> None:
    """Where everybody may: no object is left."""
    for bucket in THERE:
        for left in list(system.bucket("operator", bucket).list("")):
            system.delete("operator", bucket, left.name)


@pytest.fixture(scope="module")
def as_wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedCloud]:
    with guarded(tmp_path_factory.mktemp("wired"), WIRING) as system:
        fill(system)
        yield system


@EACH_ATTEMPT
def test_it_is_refused(account: str, attempt: Attempt, as_wired: GuardedCloud) -> None:
    with pytest.raises((Refused, Forbidden, api.Forbidden)):
        attempt(as_wired, account)


@pytest.fixture(scope="module")
def all_granted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedCloud]:
    with guarded(tmp_path_factory.mktemp("granted"), everything(WIRING)) as system:
        yield system


@EACH_ATTEMPT
def test_it_is_the_grant_that_is_missing(
    account: str, attempt: Attempt, all_granted: GuardedCloud
) -> None:
    empty(all_granted)
    fill(all_granted)
    attempt(all_granted, account)
