"""The whole wiring in the test process, front ends included, before small endpoints.

The account that acts comes first. What is not allowed raises Refused, or Forbidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import urllib3
from google.cloud import run_v2, storage
from google.pubsub_v1 import PublisherClient, SubscriberClient

from infra.local.front_end import front_end_of
from infra.local.pocket.access import Access
from infra.local.pocket.identity import Identity
from infra.local.server import Server, listen, url_of
from infra.local.state import Home
from infra.local.wiring import Wiring
from tests.support.cloud.pocket import put_keys
from tests.support.cloud.receiver import Receiver, receiver
from tests.support.cloud.whole_cloud import Cloud, cloud, granting
from tests.support.waiting import eventually
from urgency.store import CloudBucket

SERVICE = "ticket-urgency"
SWEEP, DRIFT, HEARTBEAT = "urgency-sweep", "urgency-drift", "urgency-heartbeat"
Hop = tuple[str, dict[str, Any]]
"""A kind of line in the timeline, and what it has to say."""


class Refused(Exception):
    """A grant was missing, where no client library says so."""


@dataclass(frozen=True)
class GuardedCloud:
    """A running system; `endpoints` and `fronts` by the container's name."""

    cloud: Cloud
    endpoints: dict[str, Receiver]
    fronts: dict[str, str]

    def bucket(self, account: str, kind: str) -> CloudBucket:
        """The landing, registry, control or archive bucket, through our own adapter."""
        return CloudBucket(self._storage(account), self._name(kind), timeout_s=60)

    def delete(self, account: str, kind: str, name: str) -> None:
        self._storage(account).bucket(self._name(kind)).blob(name).delete(retry=None)

    def publish(self, account: str, topic: str) -> None:
        client = PublisherClient(transport="rest", **self.cloud.options(account))
        client.publish(
            topic=client.topic_path(self.cloud.wiring.project, topic),
            messages=[{"data": b"x"}],
            retry=None,
        )

    def pull(self, account: str, subscription: str) -> None:
        """As `urgency doctor` looks at dead letters."""
        name = f"projects/{self.cloud.wiring.project}/subscriptions/{subscription}"
        body = {"maxMessages": 1, "returnImmediately": True}
        _post(f"{self.cloud.url}/v1/{name}:pull", self._token(account), body)

    def see_subscription(self, account: str, subscription: str) -> None:
        client = SubscriberClient(transport="rest", **self.cloud.options(account))
        path = client.subscription_path(self.cloud.wiring.project, subscription)
        client.get_subscription(subscription=path, retry=None)

    def read_logs(self, account: str) -> None:
        body = {"resourceNames": [self.cloud.wiring.log_view]}
        _post(f"{self.cloud.url}/v2/entries:list", self._token(account), body)

    def run_job(self, account: str, *, overrides: bool = False, job: str = "train") -> None:
        changed = run_v2.RunJobRequest.Overrides(task_count=2) if overrides else None
        client = run_v2.JobsClient(transport="rest", **self.cloud.options(account))
        request = run_v2.RunJobRequest(name=self._job(job), overrides=changed)
        client.run_job(request, retry=None)

    def list_runs(self, account: str, *, counted: bool = False, job: str = "train") -> None:
        """The job's runs; `counted`: against this project, as a person's own credentials ask."""
        options = self.cloud.options(account)
        if counted:
            project = self.cloud.wiring.project
            options["credentials"] = options["credentials"].with_quota_project(project)
        client = run_v2.ExecutionsClient(transport="rest", **options)
        list(client.list_executions(parent=self._job(job), retry=None))

    def call(self, account: str, container: str, path: str, audience: str = "") -> None:
        """POST to a front as `account`."""
        email = self.cloud.identity.email(account)
        token = self.cloud.identity.id_token(email, audience or self.fronts[container])
        _post(self.fronts[container] + path, token)

    def fire(self, schedule: str) -> None:
        """Let a schedule's time come now, by a right that the wiring grants nobody."""
        where = f"projects/{self.cloud.wiring.project}/locations/{self.cloud.wiring.region}"
        _post(f"{self.cloud.url}/v1/{where}/jobs/{schedule}:run", self._token("operator"))
        self.expect(("schedule_fired", {"status": 200}), ("schedule_fired", {"status": 403}))

    def expect(self, done: Hop, refused: Hop) -> None:
        """Wait until the timeline tells of one of the two; raise Refused where it is the second."""
        eventually(lambda: self._has_hop(done) or self._has_hop(refused))
        if self._has_hop(refused):
            raise Refused(refused[0])

    def _job(self, name: str) -> str:
        place = f"{self.cloud.wiring.project}/locations/{self.cloud.wiring.region}"
        return f"projects/{place}/jobs/{name}"

    def _token(self, account: str) -> str:
        return self.cloud.identity.access_token(self.cloud.identity.email(account))

    def _storage(self, account: str) -> storage.Client:
        return storage.Client(project=self.cloud.wiring.project, **self.cloud.options(account))

    def _name(self, kind: str) -> str:
        return next(bucket for bucket in self.cloud.wiring.buckets if bucket.endswith(kind))

    def _has_hop(self, hop: Hop) -> bool:
        kind, facts = hop
        return any(facts.items() <= line.items() for line in self.cloud.hops(kind))


def _post(url: str, token: str, body: dict[str, Any] | None = None) -> None:
    answer = urllib3.request(
        "POST", url, json=body, headers={"Authorization": f"Bearer {token}"}, retries=False
    )
    if answer.status == 403:
        raise Refused(answer.data.decode())
    assert answer.status == 200


@contextmanager
def guarded(folder: Path, wiring: Wiring) -> Iterator[GuardedCloud]:
    """`wiring` with its grants enforced; jobs end at once and back-offs take no time."""
    runner = "roles/cloudscheduler.jobRunner"
    fired = [(runner, f"schedules/{name}") for name in (SWEEP, DRIFT, HEARTBEAT)]
    wiring = granting(*fired, wiring=wiring)
    put_keys(Home(folder).cloud / "identity")  # before `cloud` does: the front ends need them
    identity = Identity(Home(folder).cloud, wiring)
    access = Access(wiring, identity)
    containers = [replace(one, concurrency=2) for one in (*wiring.functions, *wiring.services)]
    with ExitStack() as ending:
        endpoints = {one.name: ending.enter_context(receiver()) for one in containers}
        fronts = {}
        for container in containers:
            socket = listen()
            fronts[container.name] = url_of(socket)
            behind = [endpoints[container.name].url]
            app = front_end_of(container, behind, url_of(socket), identity, access)
            ending.callback(Server(app, socket).stop)
        urls = {container.uri: fronts[container.name] for container in containers}
        place = ending.enter_context(cloud(folder, wiring, fronts=urls, speedup=10_000))
        yield GuardedCloud(place, endpoints, fronts)
