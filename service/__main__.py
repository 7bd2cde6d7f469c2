"""python -m service: the service as its container runs it. $PORT is where it listens.

One process: the model is in memory once, and Cloud Run adds instances.
"""

import argparse
import asyncio
import logging.config
import os
import select
import signal
import socket
import sys

from service import REQUIRED_SETTINGS
from urgency.settings import settings_or_exit

BACKLOG = 512

GRACE_S = 8
"""Cloud Run kills 10 s after SIGTERM."""

KEEP_ALIVE_S = 30
"""Longer than clients pause between requests; an idle connection costs little."""

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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # Now, so that whoever connects while the model is loaded waits and is not refused.
    port = int(os.environ.get("PORT", "8080"))
    listener = socket.create_server((host, port), backlog=BACKLOG)
    # Or the body of an answer waits for the acknowledgement of its head; connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    serve(listener)


def serve(listener: socket.socket) -> None:
    """Serve on `listener` until SIGTERM."""
    import uvicorn

    from service.app import create_door
    from service.guard import GuardedProtocol

    class Server(uvicorn.Server):
        """uvicorn, but whoever has connected before SIGTERM is answered."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """Accept who waits, then end."""
            while select.select([listener], [], [], 0)[0]:
                await asyncio.sleep(0)
            for _ in range(3):  # turns of the loop between a connection and its protocol
                await asyncio.sleep(0)
            await super().shutdown(sockets)

    config = uvicorn.Config(
        create_door(),
        http=GuardedProtocol,
        loop="asyncio",
        interface="asgi3",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
