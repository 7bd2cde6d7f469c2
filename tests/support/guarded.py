"""The whole wiring in the test process, fronts included; small endpoints stand in for functions and service.

Each deed is done by an identity of its own and raises Refused, or Google's or our own Forbidden, where a grant is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import urllib3
from google.api_core.exceptions import MethodNotImplemented
from google.cloud import run_v2, storage
from google.pubsub_v1 import PublisherClient, SubscriberClient
from werkzeug.wrappers import Response

from infra.local.front import front_for
from infra.local.pocket.access import Access
from infra.local.pocket.identity import Identity
from infra.local.server import Server, listen, url_of
from infra.local.state import Home
from infra.local.wiring import Wiring
from tests.support.cloud import Cloud, cloud, granting
from tests.support.pocket import put_keys
from tests.support.receiver import Receiver, receiver
from tests.support.waiting import eventually
from urgency.errors import Forbidden
from urgency.store import ABSENT, CloudBucket

SERVICE = "ticket-urgency"
SWEEP = "urgency-sweep"


class Refused(Exception):
    """A grant was missing, where no client library says so."""


@dataclass(frozen=True)
class Guarded:
    """A running system; `endpoints` and `fronts` by the container's name."""

    cloud: Cloud
    endpoints: dict[str, Receiver]
    fronts: dict[str, str]

    def bucket(self, account: str, kind: str) -> CloudBucket:
        """The landing, registry or control bucket, through our own adapter."""
        return CloudBucket(self._storage(account), self._name(kind), retry=None, timeout_s=10)

    def delete(self, account: str, kind: str, name: str) -> None:
        self._storage(account).bucket(self._name(kind)).blob(name).delete(retry=None)

    def publish(self, account: str, topic: str) -> None:
        client = PublisherClient(transport="rest", **self.cloud.options(account))
        client.publish(topic=client.topic_path(self.cloud.wiring.project, topic), messages=[{"data": b"x"}], retry=None)

    def pull(self, account: str, subscription: str) -> None:
        client = SubscriberClient(transport="rest", **self.cloud.options(account))
        name = client.subscription_path(self.cloud.wiring.project, subscription)
        client.pull(subscription=name, max_messages=1, return_immediately=True, retry=None)

    def run_job(self, account: str, *, overrides: bool = False) -> None:
        changed = run_v2.RunJobRequest.Overrides(task_count=2) if overrides else None
        client = run_v2.JobsClient(transport="rest", **self.cloud.options(account))
        try:
            client.run_job(run_v2.RunJobRequest(name=self._job, overrides=changed), retry=None)
        except MethodNotImplemented:  # it was let in; the pocket cloud has no overrides
            assert overrides

    def list_runs(self, account: str) -> None:
        client = run_v2.ExecutionsClient(transport="rest", **self.cloud.options(account))
        list(client.list_executions(parent=self._job, retry=None))

    def call(self, account: str, container: str, path: str, audience: str = "") -> None:
        """POST to a front as `account`."""
        email = self.cloud.identity.email(account)
        token = self.cloud.identity.id_token(email, audience or self.fronts[container])
        headers = {"Authorization": f"Bearer {token}"}
        status = urllib3.request("POST", self.fronts[container] + path, headers=headers, retries=False).status
        if status == 403:
            raise Refused(f"{account} may not call {container}")
        assert status == 200

    def fire(self, schedule: str) -> None:
        """Let a schedule's time come now, by a right that no wiring grants."""
        where = f"projects/{self.cloud.wiring.project}/locations/{self.cloud.wiring.region}"
        token = self.cloud.options()["credentials"].token
        url = f"{self.cloud.url}/v1/{where}/jobs/{schedule}:run"
        urllib3.request("POST", url, headers={"Authorization": f"Bearer {token}"}, retries=False)
        self.expect(("schedule_fired", {"status": 200}), ("schedule_fired", {"status": 403}))

    def expect(self, done: tuple[str, dict[str, Any]], refused: tuple[str, dict[str, Any]]) -> None:
        """Wait until the timeline tells of one of two hops; raise Refused where it is the second."""
        if eventually(lambda: self._told(*refused) or self._told(*done)) in self._told(*refused):
            raise Refused(refused[0])

    @property
    def _job(self) -> str:
        return f"projects/{self.cloud.wiring.project}/locations/{self.cloud.wiring.region}/jobs/train"

    def _storage(self, account: str) -> storage.Client:
        return storage.Client(project=self.cloud.wiring.project, **self.cloud.options(account))

    def _name(self, kind: str) -> str:
        return next(bucket for bucket in self.cloud.wiring.buckets if bucket.endswith(kind))

    def _told(self, hop: str, facts: dict[str, Any]) -> list[dict[str, Any]]:
        return [line for line in self.cloud.hops(hop) if facts.items() <= line.items()]


@contextmanager
def guarded(folder: Path, wiring: Wiring) -> Iterator[Guarded]:
    """`wiring`, its every grant and no other enforced; jobs end at once and back-offs take no time."""
    wiring = granting(("roles/cloudscheduler.jobRunner", f"schedules/{SWEEP}"), wiring=wiring)
    put_keys(Home(folder).cloud / "identity")
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
            app, threads = front_for(container, behind, url_of(socket), identity, access)
            ending.callback(Server(app, socket, threads=threads).stop)
        urls = {container.uri: fronts[container.name] for container in containers}
        place = ending.enter_context(cloud(folder, wiring, fronts=urls, hurry=10_000))
        yield Guarded(place, endpoints, fronts)
