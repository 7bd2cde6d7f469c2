"""An archive is scored by the local stack's job in several tasks, and a file by the command."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from google.cloud import storage
from google.oauth2.credentials import Credentials

from infra.local.pocket.identity import Identity
from infra.local.state import running_stack
from infra.local.wiring_file import load_wiring
from tests.support.cloud.live_stack import CHECKOUT, LiveStack, live_stack
from tests.support.models import put_model, release
from urgency.registry import Registry
from urgency.store import ABSENT, CloudBucket

WIRING = load_wiring()
TICKETS = CHECKOUT / "data" / "tickets.csv"


def bucket(stack: LiveStack, account: str, kind: str) -> CloudBucket:
    running = running_stack(stack.home)
    assert running is not None
    identity = Identity(stack.home.cloud, WIRING)
    token = identity.access_token(identity.email(account))
    client = storage.Client(
        project=WIRING.project,
        credentials=Credentials(token),
        client_options={"api_endpoint": running.urls.pocket},
    )
    name = next(name for name in WIRING.buckets if name.endswith(kind))
    return CloudBucket(client, name, timeout_s=60)


def rows(body: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(body.decode(), newline=""))]


def test_the_job_and_the_command_give_the_same_scores(tmp_path: Path) -> None:
    with live_stack(tmp_path / "home") as stack:
        of = (bucket(stack, "urgency-train", kind) for kind in ("registry", "control"))
        registry = Registry(*of)
        release(registry, put_model(registry, 1))
        archive = bucket(stack, "operator", "archive")
        archive.put("in/2025/tickets.csv", TICKETS.read_bytes(), ABSENT)
        place = f"gs://{archive.name}"

        source, target = f"{place}/in/2025", f"{place}/scored/2025"
        job = stack.urgency("score", source, "-o", target, "--tasks", "3", "--json")
        assert job.code == 0, job
        outcome = job.json
        parts = [archive.get(f"scored/2025/{name}") for name in outcome["parts"]]
        scored = rows(b"".join(part.body for part in parts if part))
        assert outcome["rows"] == len(scored) == len(rows(TICKETS.read_bytes()))

        here = tmp_path / "scored.csv"
        command = stack.urgency("score", str(TICKETS), "-o", str(here))
        assert command.code == 0, command
        assert "Scored 3,0" in command.out
        assert rows(here.read_bytes()) == scored
        assert not (tmp_path / "scored.csv.parts").exists()
        again = stack.urgency("score", str(TICKETS), "-o", str(here))
        assert (again.code, "exists" in again.err) == (2, True)

        picture = tmp_path / "picture.csv"
        picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        refused = stack.urgency("score", str(picture), "-o", str(tmp_path / "none.csv"))
        assert (refused.code, "this is a picture" in refused.err) == (2, True)
    tasks = [line for line in stack.hops("job_execution_ended") if line["job"] == "score"]
    assert [line["state"] for line in tasks] == ["succeeded"]
