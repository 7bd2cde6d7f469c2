"""python -m service: the service as its container runs it. $PORT is where it listens.

One process: the model is in memory once, and Cloud Run adds instances.
"""

import argparse
import gc
import logging.config
import os
import signal
import socket
import sys
from collections.abc import Mapping

from service import REQUIRED_SETTINGS, WAITING
from urgency.settings import settings_or_exit

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"json": {"class": "service.server_log.JsonHandler"}},
    "root": {"level": "WARNING", "handlers": ["json"]},
    "loggers": {"uvicorn.error": {"level": "INFO"}},
}


def main() -> None:
    """Serve until SIGTERM. Ends at once, with a sentence, when a setting is missing."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104
    host = parser.parse_args().host
    settings_or_exit(os.environ, *REQUIRED_SETTINGS)
    # numpy only reads arrays here, and each idle thread costs memory.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    logging.config.dictConfig(LOGGING)
    # uvicorn raises the signal again once it has ended: that is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    # Now, so that whoever connects while the model is loaded waits and is not refused.
    listener = listening(host, port(os.environ))
    gc.disable()  # a tenth of the start goes into looks at what imports make, which is no garbage
    from service.server import serve  # 0.4 s

    serve(listener)


def port(environ: Mapping[str, str]) -> int:
    """Where to listen: Cloud Run says PORT, Vertex AI says AIP_HTTP_PORT."""
    return int(environ.get("PORT") or environ.get("AIP_HTTP_PORT") or "8080")


def listening(host: str, port: int) -> socket.socket:
    """A socket on which clients may connect already."""
    listener = socket.create_server((host, port), backlog=WAITING)
    # Or the body of an answer waits for the acknowledgement of its head; connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


if __name__ == "__main__":
    main()
