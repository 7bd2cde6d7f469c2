"""A client that asks on one connection and checks each answer against the model that it names."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import closing
from dataclasses import dataclass, field

from tests.support.models import URGENT_TICKET

BODY = json.dumps({"instances": [URGENT_TICKET]}).encode()
HANGS_AFTER_S = 120
"""Far more than any machine needs."""


@dataclass
class SteadyClient:
    """Asks `host` on one kept-alive connection; `scores`: what each version gives URGENT_TICKET.

    answered: how many answers came.   wrong: what was wrong with one; it stops at the first.
    """

    host: str
    scores: dict[int, float]
    answered: int = 0
    wrong: str = ""
    epochs: set[int] = field(default_factory=set)

    def ask_until(self, stop: threading.Event) -> None:
        """One request after the other."""
        epoch = 0
        with closing(http.client.HTTPConnection(self.host, timeout=HANGS_AFTER_S)) as connection:
            while not stop.is_set() and not self.wrong:
                epoch = self._ask(connection, epoch)
                self.answered += 1
                self.epochs.add(epoch)

    def _ask(self, connection: http.client.HTTPConnection, last_epoch: int) -> int:
        """The epoch that answered, which must not be lower than the last one's."""
        connection.request("POST", "/v1/predict", BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            self.wrong = f"{answer.status}: {text!r}"
            return last_epoch
        epoch, version = (int(answer.headers[f"X-Model-{name}"]) for name in ("Epoch", "Version"))
        told = json.loads(text)
        score = told["predictions"][0]["probability"]
        if (told["model"]["version"], told["model"]["epoch"]) != (version, epoch):
            self.wrong = f"the body names another model than its headers: {text!r}"
        if score != self.scores[version]:
            self.wrong = f"version {version} gives {score}, not {self.scores[version]}"
        if epoch < last_epoch:
            self.wrong = f"epoch {epoch} after {last_epoch} on one connection"
        return epoch
