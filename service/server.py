"""uvicorn with the service's settings; at SIGTERM it answers whoever has connected."""

import asyncio
import gc
import socket
from functools import partial
from typing import Any

import uvicorn

from service import WAITING
from service.app import create_door
from service.door import Door
from service.guard import GuardedProtocol

GRACE_S = 8
"""Cloud Run kills 10 s after SIGTERM."""

TURNS_TO_ACCEPT = 5
"""Of the loop: one accepts all who wait, and two more lead from a connection to its protocol."""

KEEP_ALIVE_S = 30
"""Longer than clients pause between requests; an idle connection costs little."""


class Server(uvicorn.Server):
    """uvicorn, but connections that wait to be accepted are not reset at SIGTERM."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept who waits, then end."""
        for _ in range(TURNS_TO_ACCEPT):
            await asyncio.sleep(0)
        await super().shutdown(sockets)


def serve(listener: socket.socket) -> None:
    """Load the model and serve on `listener`, which listens already, until SIGTERM."""
    door = create_door()
    gc.freeze()  # nearly all that is here stays; each collection would walk it again
    gc.enable()
    try:
        server_of(door).run(sockets=[listener])
    finally:  # uvicorn raises the signal again
        door.observer.write()


def server_of(door: Door) -> Server:
    """A server with the service's settings."""
    protocol: Any = partial(GuardedProtocol, door.metrics.requests)
    config = uvicorn.Config(
        door,
        http=protocol,
        loop="asyncio",
        interface="asgi3",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=WAITING,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config)
