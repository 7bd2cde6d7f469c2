"""gunicorn's own log records as our facts."""

from __future__ import annotations

import logging

from urgency.logs import Log


class FactHandler(logging.Handler):
    """Writes each record as one JSON line; of an exception its type and message, not the stack."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        log = Log()
        say = (
            log.error
            if record.levelno >= logging.ERROR
            else log.warning
            if record.levelno > logging.INFO
            else log.info
        )
        error = record.exc_info[1] if record.exc_info else None
        say("gunicorn", detail=record.getMessage(), **({"error": repr(error)} if error else {}))
