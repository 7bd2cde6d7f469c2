"""Log lines about requests, each joined to its trace.

With URGENCY_LOG_LEVEL=debug there is a line for each request, for those who look for a mistake: it
has numbers and names of routes, and never a path, a header or a body that somebody wrote, but for
the request's id.
"""

import re
from collections.abc import Callable

from urgency.logs import Log

_TRACE_CONTEXT = re.compile(r"(?:00-)?([0-9a-f]{32})(?:[-/].*)?")
"""W3C's traceparent, and X-Cloud-Trace-Context, which Cloud Run's front end sets."""

_TRACE_HEADERS = ("traceparent", "x-cloud-trace-context")

Header = Callable[[str], str]
"""A header of a request by its name in lower case; "" where there is none."""


class TracedLog:
    """Logs of requests; `project` is that of the traces."""

    def __init__(self, log: Log, project: str) -> None:
        self._log, self._project = log, project

    def of(self, header: Header) -> Log:
        """A log whose lines join those that Cloud Run wrote of the same request."""
        found = (_TRACE_CONTEXT.fullmatch(header(name)) for name in _TRACE_HEADERS)
        trace = next((one[1] for one in found if one), "")
        name = f"projects/{self._project}/traces/{trace}"
        return self._log.bind(**{"logging.googleapis.com/trace": name}) if trace else self._log


class RequestLog:
    """Writes a line for each request."""

    def __init__(self, logs: TracedLog) -> None:
        self._logs = logs

    def write(
        self, header: Header, route: str, status: int, seconds: float, *, request_id: str
    ) -> None:
        """One request was answered."""
        about = {"route": route, "status": status, "ms": round(seconds * 1000, 2)}
        self._logs.of(header).debug("request_answered", **about, request_id=request_id)
