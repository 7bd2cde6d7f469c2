"""People are told: the laptop's stack with a webhook, and a receiver on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from infra.local.state import Home, running_stack
from tests.support.cloud.live_stack import BIN, LiveStack, run, user_environment
from tests.support.cloud.receiver import Receiver, receiver
from tests.support.waiting import eventually

PUBLISH = """
import os, sys
from jobs.protocol.publish import publisher
from urgency.messages import ModelReleased
from urgency.settings import read_settings
publisher(read_settings(os.environ))(ModelReleased(999, 999, "the-test"))
"""


@dataclass
class Told:
    """A running stack and what its webhook received; `failures` are answered 503 first."""

    stack: LiveStack
    webhook: Receiver
    failures: int = 0

    def answer(self, _seen: object) -> Response:
        if self.failures:
            self.failures -= 1
            return Response(status=503)
        return Response("ok")

    @property
    def texts(self) -> list[str]:
        return [json.loads(seen.body)["text"] for seen in self.webhook.received]

    def logged(self, event: str) -> int:
        log = (self.stack.home.logs / "on-notice.log").read_text()
        return log.count(f'"{event}"')


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    home = Home(tmp_path_factory.mktemp("notices"))
    with receiver() as webhook:
        stack = LiveStack(home)
        address = f"{webhook.url}/services/T0/B0/secret"
        up = stack.urgency("up", "--speedup", "50", "--webhook", address)
        try:
            assert up.code == 0, up.err
            one = Told(stack, webhook)
            webhook.answer = one.answer
            yield one
        finally:
            assert stack.urgency("down").code == 0
    logs = [path.read_text(errors="replace") for path in home.logs.rglob("*") if path.is_file()]
    assert not [log for log in logs if "B0/secret" in log], "the address is a secret"


def test_1_a_promoted_version_is_told_once(told: Told) -> None:
    result = told.stack.urgency("drop", "data/tickets.csv", "--wait", "--json")
    assert result.code == 0, result.err
    [text] = eventually(lambda: told.texts)
    assert text.startswith("Version 1 was promoted and answers now.")
    assert "/v1/models/1/card" in text


def test_2_a_run_with_nothing_new_tells_nothing(told: Told) -> None:
    assert told.stack.urgency("train", "--wait").code == 0
    assert len(told.texts) == 1


def test_3_a_receiver_that_fails_twice_gets_a_file_set_aside_in_the_end(
    told: Told, tmp_path: Path
) -> None:
    told.failures = 2
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7\x00\x01")
    assert told.stack.urgency("drop", str(tmp_path / "scan.pdf"), "--wait").code == 5
    eventually(lambda: told.logged("notice_told") == 3)
    assert told.failures == 0
    about = [text for text in told.texts if "scan.pdf" in text]
    held = [text for text in told.texts if "Version 2 was held back" in text]
    assert len(about) + len(held) == 4, "two of them were refused first"
    assert {len(about), len(held)} in ({1, 3}, {2})
    assert "receipts/scan.pdf." in about[0]


def test_4_a_dead_letter_is_told(told: Told) -> None:
    before = len(told.texts)
    running = running_stack(told.stack.home)
    assert running
    environment = user_environment(told.stack.home.root) | running.operator
    assert run([str(BIN / "python"), "-c", PUBLISH], environment).code == 0
    eventually(lambda: len(told.texts) > before, timeout_s=300)
    [text] = told.texts[before:]
    assert text.startswith("Pub/Sub gave up a message after its function on-model-released")
    assert "docs/operations.md#dead-letters" in text


def test_5_a_notice_that_nobody_takes_ends_in_the_log_and_comes_back_when_asked(
    told: Told, tmp_path: Path
) -> None:
    before = len(told.texts)
    told.failures = 10**6
    (tmp_path / "photo.pdf").write_bytes(b"%PDF-1.7\x00\x02")
    assert told.stack.urgency("drop", str(tmp_path / "photo.pdf"), "--wait").code == 5
    eventually(lambda: told.logged("notice_undelivered") == 2, timeout_s=300)
    told.failures = 0
    refused = len(told.texts)
    assert refused - before == 10, "two notices, five attempts each, and no more"
    assert told.stack.urgency("dead-letters", "--replay").code == 0
    eventually(lambda: len(told.texts) >= refused + 2)
    assert len([text for text in told.texts[refused:] if "photo.pdf" in text]) == 1


def test_6_a_rollback_is_told_with_who_and_why(told: Told) -> None:
    before = len(told.texts)
    reason = ("--reason", "too many false alarms")
    assert told.stack.urgency("rollback", "--to", "1", *reason).code == 0
    assert told.stack.urgency("train", "--wait").code == 0
    eventually(lambda: len(told.texts) > before)
    [text] = told.texts[before:]
    assert text.startswith("Version 1 answers and is pinned, by operator@")
    assert "too many false alarms" in text


def test_7_a_second_webhook_needs_a_stack_that_is_down(told: Told) -> None:
    refused = told.stack.urgency("up", "--webhook", "https://hooks.example/1")
    assert (refused.code, "urgency down" in refused.err) == (2, True)
