"""The service behind a socket, in a thread of the test process, for clients that speak HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from werkzeug.serving import make_server

from tests.support.service.service import Instance


@contextmanager
def served(instance: Instance) -> Iterator[str]:
    """The instance's address, as host and port."""
    server = make_server("127.0.0.1", 0, instance.http.application, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
