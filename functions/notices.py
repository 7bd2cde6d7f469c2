"""A notice -> one post to a webhook that takes Slack's JSON; and a dead letter -> a notice.

Slack's incoming webhooks, and those of Mattermost, Rocket.Chat, Discord (its address with /slack)
and others, take `{"text": ...}`. The address is a secret: nothing here logs or raises it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from urgency.errors import BadMessage, Unavailable
from urgency.logs import Log
from urgency.messages import DeadLetter, Notice, read_notice

POST_TIMEOUT_S = 10.0
"""Shorter than the function's own 30 s, which are shorter than the acknowledgement's 60 s."""

KEYS_KEPT = 1_000
"""How many told keys an instance remembers."""

TRY_AGAIN = {408, 429}
"""Refusals that are temporary."""

HOUR = len("2026-01-01T00")

Post = Callable[[dict[str, str]], int]
"""POSTs JSON; the status of the answer. Raises Unavailable."""


@dataclass
class Notices:
    """Posts each notice once, as far as one instance remembers; there is at most one.

    post: None where no webhook is set; a notice is then logged and that is all.
    runbook: docs/operations.md as people open it.   name: of function and subscription.
    """

    post: Post | None
    runbook: str
    name: str
    log: Log
    _told: dict[str, None] = field(default_factory=dict, init=False)

    def on_notice(self, event: Any) -> None:
        """Tell what an event asks to tell. Raises Unavailable: Pub/Sub tries again."""
        try:
            read = read_notice(event.data)
        except BadMessage as error:
            self.log.error("event_refused", reason=str(error))
            return
        if isinstance(read, DeadLetter) and read.subscription == self.name:
            # Told by the same webhook it would come back for ever.
            self.log.error("notice_undelivered", subscription=read.subscription)
            return
        self._tell(read if isinstance(read, Notice) else self._of_dead_letter(read))

    def _tell(self, notice: Notice) -> None:
        log = self.log.bind(kind=notice.kind, key=notice.key, text=notice.text)
        if notice.key in self._told:
            log.info("notice_told_before")
        elif self.post is None:
            log.info("notice_without_webhook")
        else:
            status = self.post({"text": slack_text(notice)})
            if status >= 500 or status in TRY_AGAIN:
                raise Unavailable(f"The webhook answered {status}. Pub/Sub will try again.")
            if status < 300:
                log.info("notice_told")
            else:
                log.error("notice_refused", status=status)
        self._remember(notice.key)

    def _remember(self, key: str) -> None:
        self._told[key] = None
        while len(self._told) > KEYS_KEPT:
            del self._told[next(iter(self._told))]

    def _of_dead_letter(self, given_up: DeadLetter) -> Notice:
        """One an hour for each subscription, however many messages it gives up."""
        name = given_up.subscription
        return Notice(
            key=f"dead-letters-{name}-{given_up.published[:HOUR]}",
            kind="dead_letters",
            text=f"Pub/Sub gave up a message after its function {name} failed on every attempt.",
            action="Run `urgency dead-letters` and look at the function's log.",
            link=f"{self.runbook}#dead-letters",
        )


def slack_text(notice: Notice) -> str:
    """A notice in Slack's format: a file's name can neither format it nor call a channel.

    https://api.slack.com/reference/surfaces/formatting#escaping
    """
    text = f"{notice.text}\n{notice.action}\n{notice.link}"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def poster(url: str) -> Post | None:
    """What posts to a webhook, without following it elsewhere; None without an address."""

    def post(body: dict[str, str]) -> int:
        once: dict[str, Any] = {"allow_redirects": False, "stream": True}
        try:
            with requests.post(url, json=body, timeout=POST_TIMEOUT_S, **once) as answer:
                return answer.status_code
        except requests.RequestException as error:
            # Its words and its cause hold the address.
            raise Unavailable(f"The webhook did not answer: {type(error).__name__}.") from None

    return post if url else None
