from __future__ import annotations

import signal

import pytest
from gunicorn.workers.gthread import PollableMethodQueue

from service.worker import DrainingWorker


@pytest.fixture
def worker() -> DrainingWorker:
    """As much of a worker as notices a signal."""
    worker = DrainingWorker.__new__(DrainingWorker)
    worker.alive = True
    worker.method_queue = PollableMethodQueue()
    worker.method_queue.init()
    return worker


def test_sigterm_is_taken_note_of_between_two_events_so_that_none_can_undo_it(
    worker: DrainingWorker,
):
    worker.handle_exit(signal.SIGTERM, None)
    assert worker.alive
    worker.method_queue.run_callbacks(None)
    assert not worker.alive
    worker.method_queue.close()
