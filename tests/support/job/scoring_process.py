"""Tasks of the scoring job as real processes against a pocket cloud, and how they are killed."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from google.cloud import storage

from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import Cloud
from tests.support.job.job_process import job_environment
from tests.support.models import put_model, release
from urgency.registry import Registry
from urgency.store import ABSENT, CloudBucket


def bucket_of(place: Cloud, account: str, kind: str) -> CloudBucket:
    """A bucket of the cloud as `account` reaches it."""
    client = storage.Client(project=place.wiring.project, **place.options(account))
    name = next(name for name in place.wiring.buckets if name.endswith(kind))
    return CloudBucket(client, name, timeout_s=60)


def put_champion(place: Cloud) -> None:
    """A small model that is released, written as the training job."""
    of = (bucket_of(place, "urgency-train", kind) for kind in ("registry", "control"))
    registry = Registry(*of)
    release(registry, put_model(registry, 1))


@dataclass(frozen=True)
class ScoringJob:
    """The job over one archive."""

    place: Cloud
    source: str
    shard_mb: float

    def run(self, target: str, deaths: list[int]) -> list[int]:
        """Run a task for each of `deaths` at once, to their ends; each one's exit code.

        deaths: after how many shards a task's first attempt is killed; 0: not at all.
        """
        with ThreadPoolExecutor(len(deaths)) as pool:
            indexes = range(len(deaths))
            return [*pool.map(lambda index: self._task(target, index, deaths), indexes)]

    def output(self, target: str) -> dict[str, bytes]:
        """What was written, without what says when and where it was."""
        archive = bucket_of(self.place, "operator", "archive")
        found = {
            one.name.removeprefix(target): stored.body
            for one in archive.list(target)
            if (stored := archive.get(one.name))
        }
        kept = {
            name: body for name, body in found.items() if not name.startswith(("_links", "_plan"))
        }
        manifest = json.loads(kept["manifest.json"])
        del manifest["began_at"]
        return kept | {"manifest.json": json.dumps(manifest).encode()}

    def url(self, name: str) -> str:
        bucket = bucket_of(self.place, "operator", "archive").name
        return f"gs://{bucket}/{name}"

    def put(self, body: bytes) -> None:
        """The archive itself."""
        bucket_of(self.place, "operator", "archive").put(self.source, body, ABSENT)

    def _task(self, target: str, index: int, deaths: list[int]) -> int:
        """The exit code of the last attempt."""
        task = {"index": index, "count": len(deaths)}
        code = self.attempt(target, **task, dies_after=deaths[index])
        return code if code >= 0 else self.attempt(target, **task)

    def attempt(self, target: str, *, index: int = 0, count: int = 1, dies_after: int = 0) -> int:
        """The exit code of one attempt of a task, -9 where it is killed."""
        task = {"CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_COUNT": str(count)}
        places = ["--from", self.url(self.source), "--to", self.url(target)]
        command = [sys.executable, "-m", "jobs", "score", *places, "--shard-mb", str(self.shard_mb)]
        environment = job_environment(self.place, "score-test1", "score") | task
        scored = 0
        with subprocess.Popen(
            command, env=environment, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
        ) as process:
            for line in process.stderr or ():
                scored += '"shard_scored"' in line
                if dies_after and scored == dies_after:
                    process.kill()
        return process.returncode
