"""Files that a Beam pipeline read make the model that one machine makes of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.wiring import Grant, Wiring
from infra.wiring.from_state import grants_from
from jobs.feature_shards import FEATURES
from jobs.protocol.snapshots import list_landing, next_snapshot
from jobs.training import LandedTrainer
from tests.infra.committed import committed
from tests.support.cloud.live_stack import CHECKOUT
from tests.support.cloud.whole_cloud import WIRING, Cloud, cloud
from tests.support.job.beam_process import ASKED_FOR, INSTALLED, run_pipeline
from tests.support.job.scoring_process import bucket_of
from urgency.errors import Forbidden
from urgency.logs import Log
from urgency.registry import Registry
from urgency.settings import read_settings
from urgency.store import ABSENT

pytestmark = [ASKED_FOR, INSTALLED, pytest.mark.timeout(600)]
NOW = datetime(2026, 1, 2, tzinfo=UTC)
WORKERS = "urgency-beam-features"
MAPPED = b"Kurz;Dringlichkeit\n" + b"\n".join(
    f"Kasse {n} steht;{'rot' if n % 3 else 'weiss'}".encode() for n in range(200)
)
FILES = {
    "tickets.csv": (CHECKOUT / "data/tickets.csv").read_bytes(),
    "week2.csv": (CHECKOUT / "data/tickets_week2.csv").read_bytes(),
    "mapped/own.csv": MAPPED.replace(b"weiss", "weiß".encode()).decode().encode("utf-16"),
    "mapped/mapping.csv": (
        b"column,Kurz,title\ncolumn,Dringlichkeit,label_urgency\nlabel,rot,urgent\n"
        + "label,weiß,non-urgent\n".encode()
    ),
    "no-label.csv": b"title,description\na,b\n",
}
DIES = """
import os, signal, sys, jobs.beam_features, jobs.beam_files
made = []
make = jobs.beam_files.create_once
def create_once(*arguments):
    if made:
        os.kill(os.getpid(), signal.SIGKILL)
    made.append(make(*arguments))
    return made[-1]
jobs.beam_files.create_once = create_once
sys.exit(jobs.beam_features.main(sys.argv[1:]))
"""


def with_workers(wiring: Wiring = WIRING) -> Wiring:
    """The laptop's wiring with the workers' identity, and their rights on landed files, as
    Terraform gives them where Dataflow is asked for.
    """
    [landing] = (name for name in wiring.buckets if name.endswith("landing"))
    member = f"serviceAccount:{WORKERS}@{wiring.project}.iam.gserviceaccount.com"
    granted = [
        one
        for one in grants_from(committed("everything"))
        if WORKERS in one["member"] and one["resource"].endswith("landing")
    ]
    theirs = [one["resource"].removeprefix("buckets/") for one in granted]
    grants = [
        Grant(f"buckets/{landing}", one["role"], member, named(one.get("condition"), name, landing))
        for one, name in zip(granted, theirs, strict=True)
    ]
    accounts = (*wiring.service_accounts, member.partition(":")[2])
    return replace(wiring, service_accounts=accounts, grants=(*wiring.grants, *grants))


def named(condition: str | None, bucket: str, here: str) -> str | None:
    return condition and condition.replace(bucket, here)


@dataclass
class Landed:
    """A landing bucket, and training on it; `log`: what the last training said."""

    place: Cloud
    log: str = ""

    def pipeline(self, *arguments: str) -> tuple[int, str]:
        """Exit code and log of the pipeline, as its workers' identity."""
        arguments = arguments or ("-m", "jobs.beam_features")
        ended = run_pipeline(self.place, arguments, "train", account=WORKERS)
        return ended.returncode, ended.stderr

    def trained(self) -> dict[str, str]:
        """The digest of each part of the model that training makes now."""
        landing, registry, control = (
            bucket_of(self.place, "urgency-train", kind)
            for kind in ("landing", "registry", "control")
        )
        told = io.StringIO()
        trainer = LandedTrainer(
            landing=landing,
            registry=Registry(registry, control),
            settings=read_settings({}),
            execution="test",
            now=lambda: NOW,
            reached=lambda _point: None,
            log=Log(stream=told),
        )
        files = list_landing(landing)
        manifest, _ = trainer.train(
            next_snapshot(None, files, "recipe", now=NOW, forced_by=None), 0
        )
        self.log = told.getvalue()
        return dict(manifest.parts)

    def shards(self) -> dict[str, int]:
        """The generation of each shard."""
        landing = bucket_of(self.place, "operator", "landing")
        return {one.name: one.generation for one in landing.list(FEATURES)}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landed]:
    with cloud(tmp_path_factory.mktemp("cloud"), with_workers()) as place:
        for name, body in FILES.items():
            bucket_of(place, "uploader", "landing").put(f"incoming/{name}", body, ABSENT)
        yield Landed(place)


def test_a_model_of_shards_has_the_digests_of_one_that_was_read_here(
    landed: Landed, tmp_path: Path
) -> None:
    read_here = landed.trained()
    assert "shard_taken" not in landed.log
    (tmp_path / "dies.py").write_text(DIES)
    code, log = landed.pipeline(str(tmp_path / "dies.py"))
    assert code == -9, log
    first = landed.shards()
    assert len(first) == 1
    assert landed.trained() == read_here
    assert landed.log.count("shard_taken") == 1
    workers = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")
    code, log = landed.pipeline("-m", "jobs.beam_features", *workers)
    assert code == 0, log
    assert landed.shards().items() > first.items()
    assert landed.trained() == read_here
    assert landed.log.count("shard_taken") == len(FILES) - 1


def test_made_again_nothing_is_read(landed: Landed) -> None:
    landed.pipeline()
    made = landed.shards()
    code, log = landed.pipeline()
    assert (code, landed.shards()) == (0, made)
    assert '"files": 0' in log


def test_workers_may_neither_change_a_shard_nor_what_landed(landed: Landed) -> None:
    landed.pipeline()
    mine = bucket_of(landed.place, WORKERS, "landing")
    with pytest.raises(Forbidden):
        mine.put("incoming/more.csv", b"title\n", ABSENT)
    for name, generation in landed.shards().items():
        with pytest.raises(Forbidden):
            mine.put(name, b"another", generation)
    for kind in ("registry", "control", "archive"):
        with pytest.raises(Forbidden):
            list(bucket_of(landed.place, WORKERS, kind).list(""))
