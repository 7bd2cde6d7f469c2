"""One request, whoever answers it: what every answer carries and what is counted of it."""

import re
import secrets
import time

from service.metrics import PREDICT_ROUTES, Metrics
from service.model_slot import ModelSlot, Serving
from service.request_log import Header, RequestLog

_VALID_REQUEST_ID = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)


class Exchange:
    """A request from its first look to its answer; `serving` is the model that answers it.

    header: looks up one of the request's.
    """

    def __init__(
        self, slot: ModelSlot, metrics: Metrics, header: Header, lines: RequestLog | None
    ) -> None:
        self._slot, self._metrics, self.header, self._lines = slot, metrics, header, lines
        self._began, sent_id = time.perf_counter(), header("x-request-id")
        self._id = sent_id if _VALID_REQUEST_ID.fullmatch(sent_id) else secrets.token_hex(8)
        self.serving: Serving | None = None

    def finish(self, route: str, status: int) -> dict[str, str]:
        """Count the answer; the headers that every answer carries, errors included."""
        seconds = time.perf_counter() - self._began
        headers = {"X-Request-Id": self._id, "Server-Timing": f"app;dur={seconds * 1000:.2f}"}
        if serving := self.serving or self._slot.current:
            headers["X-Model-Version"] = str(serving.version)
            headers["X-Model-Epoch"] = str(serving.epoch)
        if (stale_s := self._slot.stale_s) is not None:
            headers["X-Model-Stale"] = f"{stale_s:.0f}"
        self._metrics.requests.add(route, str(status))
        if route in PREDICT_ROUTES:
            self._metrics.seconds.observe(seconds)
        if self._lines:
            self._lines.write(self.header, route, status, seconds, request_id=self._id)
        return headers
