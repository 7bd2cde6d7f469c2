import os
import signal
import time

from cli.local_stack import StackFailed
from cli.show import plain, say
from infra.local.state import home_of, read_stack, running_stack

STOPPED_S = 30.0
POLL_S = 0.05


def down() -> None:
    """Stop the local stack; its data stays, and 'urgency up' continues with it.

    Example: urgency down
    """
    home = home_of(os.environ)
    stack = running_stack(home)
    if stack is None:
        return say(f"No stack runs in {plain(home.root)}.")
    os.kill(stack.pid, signal.SIGTERM)
    until = time.monotonic() + STOPPED_S
    while _is_alive(stack.pid) and read_stack(home) is not None:
        if time.monotonic() > until:
            late = f"The stack (process {stack.pid}) did not stop within {STOPPED_S:g} s"
            raise StackFailed(f"{late}; see {home.logs}.")
        time.sleep(POLL_S)
    return say(f"Stopped. The data is kept in {plain(home.root)}.")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
