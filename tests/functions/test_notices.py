"""A notice is posted once, what passes is tried again, and nobody sees the webhook's address."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cloudevents.http import CloudEvent
from werkzeug.utils import redirect

from functions.notices import KEYS_KEPT, Notices, poster
from tests.functions.function_host import NOTICES_PATH, FunctionHost, function_host
from tests.functions.test_main import pushed
from tests.support.cloud.receiver import receiver
from urgency.errors import Unavailable
from urgency.logs import Log
from urgency.messages import Notice

CHECKOUT = Path(__file__).parents[2]
ABOUT = {"type": "google.cloud.pubsub.topic.v1.messagePublished", "source": "//pubsub"}
HELD = Notice(
    "version-7", "held", "Version 7 was held back.", "Run `urgency why 7`.", "https://docs/o.md#x"
)


@dataclass
class World:
    """statuses: what the webhook answers next; 200 when there are no more."""

    statuses: list[int] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.notices = Notices(self.post, "docs/o.md", "on-notice", Log(stream=self.log))

    def post(self, body: dict[str, str]) -> int:
        self.posted.append(body["text"])
        return self.statuses.pop(0) if self.statuses else 200

    def tell(self, notice: Notice = HELD) -> None:
        data, attributes = notice.to_pubsub()
        self.push(data, attributes)

    def push(self, data: bytes, attributes: dict[str, str], at: str = "") -> None:
        event = json.loads(pushed(data, attributes))
        event["message"]["publishTime"] = at
        self.notices.on_notice(CloudEvent(ABOUT, event))

    def dead_letter(self, subscription: str, at: str) -> None:
        self.push(b"x", {"CloudPubSubDeadLetterSourceSubscription": subscription}, at)

    @property
    def told(self) -> list[str]:
        return [json.loads(line)["message"] for line in self.log.getvalue().splitlines()]


@pytest.fixture
def world() -> World:
    return World()


def test_a_notice_says_what_happened_what_to_do_and_where_to_read_on(world: World) -> None:
    world.tell()
    said = "Version 7 was held back.\nRun `urgency why 7`.\nhttps://docs/o.md#x"
    assert (world.posted, world.told) == ([said], ["notice_told"])


def test_what_is_delivered_again_is_posted_once(world: World) -> None:
    for _ in range(3):
        world.tell()
    assert len(world.posted) == 1
    assert world.told == ["notice_told", "notice_told_before", "notice_told_before"]


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429])
def test_what_passes_is_tried_again_and_told_once_in_the_end(world: World, status: int) -> None:
    world.statuses = [status, status]
    for _ in range(2):
        with pytest.raises(Unavailable, match=str(status)):
            world.tell()
    world.tell()
    world.tell()
    assert len(world.posted) == 3
    assert world.told == ["notice_told", "notice_told_before"]


@pytest.mark.parametrize("status", [302, 400, 403, 404, 410])
def test_a_refusal_is_logged_and_acknowledged(world: World, status: int) -> None:
    world.statuses = [status]
    world.tell()
    line = json.loads(world.log.getvalue())
    assert (line["message"], line["status"], line["severity"]) == (
        "notice_refused",
        status,
        "ERROR",
    )


def test_without_a_webhook_it_is_only_logged(world: World) -> None:
    world.notices.post = poster("")
    world.tell()
    assert (world.posted, world.told) == ([], ["notice_without_webhook"])


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"schema": 2}'])
def test_what_is_no_notice_is_acknowledged(world: World, data: bytes) -> None:
    world.push(data, {})
    assert (world.posted, world.told) == ([], ["event_refused"])


def test_a_file_s_name_can_neither_format_a_post_nor_call_everybody(world: World) -> None:
    world.tell(Notice("files-1", "set_aside", "Set aside: <!channel> & <http://x|y>.", "a", "b"))
    assert world.posted == ["Set aside: &lt;!channel&gt; &amp; &lt;http://x|y&gt;.\na\nb"]


def test_dead_letters_of_a_function_are_told_once_an_hour(world: World) -> None:
    for at in ("2026-01-02T03:04:05Z", "2026-01-02T03:59:59Z", "2026-01-02T04:00:00Z"):
        world.dead_letter("on-csv-landed", at)
    world.dead_letter("on-model-released", "2026-01-02T04:00:00Z")
    assert [text.partition(" failed")[0].split()[-1] for text in world.posted] == [
        "on-csv-landed",
        "on-csv-landed",
        "on-model-released",
    ]
    assert all("docs/o.md#dead-letters" in text for text in world.posted)


def test_its_own_dead_letters_end_in_the_log(world: World) -> None:
    world.dead_letter("on-notice", "2026-01-02T03:04:05Z")
    assert (world.posted, world.told) == ([], ["notice_undelivered"])


def test_it_remembers_many_keys_and_not_for_ever(world: World) -> None:
    for number in range(KEYS_KEPT + 1):
        world.tell(Notice(f"version-{number}", "held", "a", "b", "c"))
    world.tell(Notice("version-1", "held", "a", "b", "c"))
    assert len(world.posted) == KEYS_KEPT + 1
    world.tell(Notice("version-0", "held", "a", "b", "c"))
    assert len(world.posted) == KEYS_KEPT + 2


def test_the_address_is_in_no_error() -> None:
    post = poster("http://127.0.0.1:1/services/SECRET")
    assert post
    with pytest.raises(Unavailable) as caught:
        post({"text": "x"})
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


def test_a_redirect_is_not_followed() -> None:
    with receiver(lambda _seen: redirect("/elsewhere")) as webhook:
        post = poster(f"{webhook.url}/services/T")
        assert post
        assert post({"text": "x"}) == 302
    assert [seen.path for seen in webhook.received] == ["/services/T"]


# In a process of its own, over sockets


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FunctionHost]:
    folder = tmp_path_factory.mktemp("functions")
    with function_host(folder, CHECKOUT / "functions", CHECKOUT) as running:
        yield running
        assert NOTICES_PATH not in (folder / "on_notice.log").read_text()


def test_the_function_posts_what_slack_takes(host: FunctionHost) -> None:
    answers: list[tuple[int, dict[str, Any]]] = [(500, {}), (200, {})]
    seen = []
    for answer in answers:
        host.world.answers = {NOTICES_PATH: answer}
        seen.append(host.notice_came(pushed(*HELD.to_pubsub())))
    assert seen == [500, 200]
    assert host.notice_came(pushed(*HELD.to_pubsub())) == 200
    first, second = (one for one in host.world.requests if one.path == NOTICES_PATH)
    assert first.headers["Content-Type"] == "application/json"
    assert json.loads(second.body) == {
        "text": "Version 7 was held back.\nRun `urgency why 7`.\nhttps://docs/o.md#x"
    }
    given_up = pushed(b"x", {"CloudPubSubDeadLetterSourceSubscription": "on-notice"})
    assert host.notice_came(given_up) == 200
