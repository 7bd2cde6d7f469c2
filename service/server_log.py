"""The web server's own log records as our JSON lines."""

import logging

from urgency.logs import Log


class JsonHandler(logging.Handler):
    """Writes each record as one JSON line; an exception as its type and message, without stack."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        fields = {"detail": record.getMessage()}
        if record.exc_info and record.exc_info[1]:
            fields["error"] = repr(record.exc_info[1])
        log, level = Log(), record.levelno
        write = log.info if level <= logging.INFO else log.warning
        (log.error if level >= logging.ERROR else write)("server", **fields)
