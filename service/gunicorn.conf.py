"""gunicorn's settings: `gunicorn --config service/gunicorn.conf.py` needs no others.

One worker: the model is in memory once, and Cloud Run adds instances. Threads only overlap waiting;
scoring a ticket takes microseconds.
"""

# ruff: noqa: N999  gunicorn's own name for its configuration

import os
from pathlib import Path

from service import REQUIRED_SETTINGS
from urgency.settings import settings_or_exit

# Here, in the master: a worker that exits is started again and again.
settings_or_exit(os.environ, *REQUIRED_SETTINGS)
# numpy only reads arrays here, and each idle thread costs memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

wsgi_app = "service.app:create_app()"
# Cloud Run says PORT, Vertex AI says AIP_HTTP_PORT.
_PORT = os.environ.get("PORT") or os.environ.get("AIP_HTTP_PORT") or "8080"
bind = f"0.0.0.0:{_PORT}"
workers = 1
worker_class = "service.worker.DrainingWorker"
threads = 8
backlog = 512

# Cloud Run kills 10 s after SIGTERM; an idle kept-alive connection delays the end by `keepalive`.
graceful_timeout = 8
keepalive = 3

# Nothing is written to the container's file system.
_MEMORY = Path("/dev/shm")  # noqa: S108  gunicorn makes a private file there
worker_tmp_dir = str(_MEMORY) if _MEMORY.is_dir() else None
control_socket_disable = True

accesslog = None
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"json": {"class": "service.server_log.JsonHandler"}},
    "root": {"level": "WARNING", "handlers": ["json"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["json"], "propagate": False}},
}
