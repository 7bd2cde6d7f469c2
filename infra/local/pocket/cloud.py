"""The pocket cloud: every product over one state folder, as a WSGI application and its threads."""

from infra.local.pocket.access import Access
from infra.local.pocket.app import pocket_app
from infra.local.pocket.broker import Broker
from infra.local.pocket.executions import Executions, Job
from infra.local.pocket.identity import Identity
from infra.local.pocket.logging_api import logging_blueprint
from infra.local.pocket.metadata import metadata_blueprint
from infra.local.pocket.notifications import Notifications
from infra.local.pocket.objects import Objects
from infra.local.pocket.pubsub import pubsub_blueprint
from infra.local.pocket.push import Bearer, Pusher, pushers_of
from infra.local.pocket.run import run_blueprint
from infra.local.pocket.scheduler import Scheduler, scheduler_blueprint
from infra.local.pocket.sinks import sink_writers
from infra.local.pocket.storage import storage_blueprint
from infra.local.pocket.storage_delivery import Bucket, StorageWriter, storage_writers
from infra.local.state import Home
from infra.local.timeline import Timeline
from infra.local.wiring import Subscription, Wiring

PUSHES_S = 1.0
"""How long `stop` waits for pushes; one that is cut off is delivered again at the next start."""


class PocketCloud:
    """What `wiring` describes; its URIs are local ones. `speedup` divides every back-off."""

    def __init__(
        self, home: Home, wiring: Wiring, identity: Identity, jobs: list[Job], speedup: float = 1.0
    ) -> None:
        self.access = access = Access(wiring, identity)
        self._agent = wiring.agents["pubsub"]
        self._timeline = timeline = Timeline(home.timeline)
        self._objects = Objects(home.cloud, wiring.buckets)
        self._broker = broker = Broker(
            home.cloud / "pubsub.sqlite", wiring, timeline, self._may_dead_letter, speedup=speedup
        )
        notifications = Notifications(broker, wiring, access, timeline)
        bearer = Bearer(identity, access, self._agent, timeline)
        pushers = pushers_of(broker, wiring, bearer, timeline)
        bucket = Bucket(self._objects, access, self._agent, notifications)
        writers = storage_writers(broker, wiring, bucket, timeline, speedup=speedup)
        self._deliverers: list[Pusher | StorageWriter] = [*pushers, *writers]
        self._executions = Executions(jobs, home.execution_logs, timeline, speedup=speedup)
        self._sinks = sink_writers(wiring, home, self._objects, access, timeline, speedup=speedup)
        self._scheduler = Scheduler(wiring, identity, timeline)
        self.app = pocket_app(
            metadata_blueprint(identity),
            storage_blueprint(self._objects, access, notifications.send),
            pubsub_blueprint(broker, wiring, access),
            run_blueprint(self._executions, wiring, access),
            scheduler_blueprint(self._scheduler, wiring, access),
            logging_blueprint(home, wiring, access),
        )

    def start(self) -> None:
        """Begin to push, to run jobs and to keep time."""
        for worker in (*self._deliverers, *self._sinks):
            worker.start()
        self._executions.resume()
        self._scheduler.start()

    def stop(self, grace_s: float) -> None:
        """Begin nothing more and stop executions within `grace_s`; the API still answers them."""
        self._scheduler.stop()
        for deliverer in self._deliverers:
            deliverer.stop()
        for deliverer in self._deliverers:
            deliverer.join(PUSHES_S)
        for sink in self._sinks:
            sink.stop()
        self._executions.stop(grace_s)

    def close(self) -> None:
        """Close the files."""
        self._broker.close()
        self._objects.close()

    def _may_dead_letter(self, subscription: Subscription) -> bool:
        """https://cloud.google.com/pubsub/docs/handling-failures#grant_forwarding_permissions."""
        publish, topic = "pubsub.topics.publish", f"topics/{subscription.dead_letter_topic}"
        consume, source = "pubsub.subscriptions.consume", f"subscriptions/{subscription.name}"
        agent = f"serviceAccount:{self._agent}"
        if self.access.allows(agent, publish, topic) and self.access.allows(agent, consume, source):
            return True
        self._timeline.note("dead_letter_refused", self._agent, subscription=subscription.name)
        return False
