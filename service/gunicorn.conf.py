"""gunicorn's settings: `gunicorn --config service/gunicorn.conf.py`, and no others are needed.

One worker: the model is in memory once and Cloud Run adds instances. Threads only overlap waiting;
scoring a ticket takes microseconds.
"""

# ruff: noqa: N999  gunicorn's own name for its configuration

from __future__ import annotations

import os
from pathlib import Path

from service import REQUIRED_SETTINGS
from urgency.settings import settings_or_exit

settings_or_exit(
    os.environ, *REQUIRED_SETTINGS
)  # here, in the master: a worker that exits is started again and again
os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # numpy only reads arrays here; each idle thread costs memory

wsgi_app = "service.app:create_app()"
bind = f"0.0.0.0:{os.environ.get('PORT', '8080')}"
workers = 1
worker_class = "service.worker.DrainingWorker"
threads = 8
backlog = 512

# Cloud Run kills ten seconds after SIGTERM; an idle kept-alive connection delays the end by
# `keepalive`.
graceful_timeout = 8
keepalive = 3

# Nothing is written to the container's file system.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  gunicorn makes a private file there
control_socket_disable = True

accesslog = None
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"facts": {"class": "service.server_log.FactHandler"}},
    "root": {"level": "WARNING", "handlers": ["facts"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["facts"], "propagate": False}},
}
