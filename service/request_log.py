"""One line for each request, for those who look for a mistake: only with URGENCY_LOG_LEVEL=debug.

A line has numbers and names of routes, and never a path, a header or a body that somebody wrote,
but for the request's id.
"""

import re
from collections.abc import Callable

from urgency.logs import Log

_TRACE_CONTEXT = re.compile(r"(?:00-)?([0-9a-f]{32})(?:[-/].*)?")
"""W3C's traceparent, and X-Cloud-Trace-Context, which Cloud Run's front end sets."""

_TRACE_HEADERS = ("traceparent", "x-cloud-trace-context")

Header = Callable[[str], str]
"""A header of a request by its name in lower case; "" where there is none."""


class RequestLog:
    """Writes the lines; `project` is that of the traces."""

    def __init__(self, log: Log, project: str) -> None:
        self._log, self._project = log, project

    def write(
        self, header: Header, route: str, status: int, seconds: float, *, request_id: str
    ) -> None:
        """One request was answered; the line joins those that Cloud Run wrote of the same trace."""
        found = (_TRACE_CONTEXT.fullmatch(header(name)) for name in _TRACE_HEADERS)
        trace = next((one[1] for one in found if one), "")
        name = f"projects/{self._project}/traces/{trace}"
        joined = {"logging.googleapis.com/trace": name} if trace else {}
        about = {"route": route, "status": status, "ms": round(seconds * 1000, 2)}
        self._log.debug("request_answered", **about, request_id=request_id, **joined)
