"""The example that tags tickets, as a process, against Zendesk's API as its documentation says."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, request

from tests.functions.function_host import HANGS_AFTER_S
from tests.support.cloud.pocket import served
from tests.support.waiting import eventually
from urgency.messages import TicketScored

EXAMPLE = Path(__file__).parents[2] / "docs/examples/tag_zendesk_ticket.py"
SCORED_AT, LATER = "2026-11-26T14:00:00Z", "2026-11-26T14:00:07Z"


@dataclass
class Zendesk:
    """One ticket. races: somebody changes it between a read and the write that follows."""

    updated_at: str = SCORED_AT
    tags: list[str] = field(default_factory=lambda: ["vip"])
    races: bool = False
    writes: int = 0
    status: int = 200

    def app(self) -> Flask:
        app = Flask("zendesk")
        app.get("/api/v2/tickets/5158.json")(self.ticket)
        app.put("/api/v2/tickets/5158/tags.json")(self.add_tags)
        return app

    def ticket(self) -> Any:
        read = {"ticket": {"id": 5158, "updated_at": self.updated_at, "tags": self.tags}}
        if self.races:
            self.updated_at, self.tags = LATER, ["closed-by-ann"]
        return read, self.status

    def add_tags(self) -> Any:
        assert request.headers["Authorization"] == "Basic token"
        sent = request.get_json()
        assert sent["safe_update"] == "true"
        if sent["updated_at"] != self.updated_at:
            return {"error": "UpdateConflict"}, 409
        self.tags = [*self.tags, *sent["tags"]]
        self.updated_at, self.writes = LATER, self.writes + 1
        return {"tags": self.tags}


@dataclass(frozen=True)
class Consumer:
    port: int

    def gets(self, **changed: Any) -> int:
        scored = {"helpdesk": "zendesk", "ticket_id": "5158", "updated_at": SCORED_AT}
        answer = {"label": "urgent", "urgent": True, "probability": 0.9, "version": 3, "epoch": 7}
        data, attributes = TicketScored(
            **scored | answer | {"scored_at": LATER} | changed
        ).to_pubsub()
        message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
        pushed = {"message": message | {"messageId": "1"}, "subscription": "projects/p/s"}
        url = f"http://127.0.0.1:{self.port}/"
        return requests.post(url, json=pushed, timeout=HANGS_AFTER_S).status_code


@contextmanager
def consuming(zendesk: Zendesk, folder: Path) -> Iterator[Consumer]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with served(zendesk.app()) as address, (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "functions_framework", f"--source={EXAMPLE}"]
        what = ["--target=on_ticket_scored", "--signature-type=cloudevent"]
        process = subprocess.Popen(
            [*command, *what, "--host=127.0.0.1", f"--port={port}"],
            env={
                "PATH": os.environ["PATH"],
                "ZENDESK_URL": f"http://{address.removeprefix('http://')}",
                "ZENDESK_AUTHORIZATION": "Basic token",
            },
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: _listens(port), timeout_s=HANGS_AFTER_S)
            yield Consumer(port)
        finally:
            process.terminate()
            process.wait(HANGS_AFTER_S)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def consumed(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Zendesk, Consumer]]:
    zendesk = Zendesk()
    with consuming(zendesk, tmp_path_factory.mktemp("consumer")) as consumer:
        yield zendesk, consumer


@pytest.fixture
def world(consumed: tuple[Zendesk, Consumer]) -> tuple[Zendesk, Consumer]:
    vars(consumed[0]).update(vars(Zendesk()))
    return consumed


def test_an_urgent_ticket_is_tagged_beside_its_other_tags_and_once(
    world: tuple[Zendesk, Consumer],
) -> None:
    zendesk, consumer = world
    assert [consumer.gets() for _ in range(3)] == [200] * 3
    assert (zendesk.tags, zendesk.writes) == (["vip", "urgent-predicted"], 1)


def test_a_ticket_that_a_person_has_changed_since_is_left_alone(
    world: tuple[Zendesk, Consumer],
) -> None:
    zendesk, consumer = world
    zendesk.updated_at = LATER
    assert consumer.gets() == 200
    assert (zendesk.tags, zendesk.writes) == (["vip"], 0)


def test_who_changes_the_ticket_at_the_same_moment_wins(world: tuple[Zendesk, Consumer]) -> None:
    zendesk, consumer = world
    zendesk.races = True
    assert consumer.gets() == 200
    assert (zendesk.tags, zendesk.writes) == (["closed-by-ann"], 0)


@pytest.mark.parametrize(
    "changed", [{"urgent": False, "label": "non-urgent"}, {"helpdesk": "jira"}, {"updated_at": ""}]
)
def test_other_messages_are_none_of_its_business(
    world: tuple[Zendesk, Consumer], changed: dict[str, Any]
) -> None:
    zendesk, consumer = world
    assert consumer.gets(**changed) == 200
    assert zendesk.writes == 0


@pytest.mark.parametrize(("status", "acknowledged"), [(404, 200), (503, 500), (401, 500)])
def test_a_zendesk_that_does_not_answer_is_asked_again_and_a_deleted_ticket_forgotten(
    world: tuple[Zendesk, Consumer], status: int, acknowledged: int
) -> None:
    zendesk, consumer = world
    zendesk.status = status
    assert consumer.gets() == acknowledged
    assert zendesk.writes == 0
