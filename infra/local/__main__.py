"""`python -m infra.local`: run the stack in the foreground until SIGINT or SIGTERM."""

import argparse
import logging
import os
import signal
import sys

from infra.local.stack import Options, run_stack
from infra.local.state import Home, Stack, home_of
from urgency.errors import UrgencyError


def main() -> int:
    """Exit code 0 after a signal, 1 where the stack cannot run: one message says why."""
    options = _options()
    home = home_of(os.environ)
    signals: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: signals.append(received))
    try:
        run_stack(
            home, options, stopped=lambda: bool(signals), ready=lambda stack: _welcome(home, stack)
        )
    except UrgencyError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--instances", type=int, default=2, help="instances of the service (2)")
    port = "port of the service (that of the last run, or a free one)"
    parser.add_argument("--port", type=int, default=0, help=port)
    speedup = "divide every back-off by this (1)"
    parser.add_argument("--speedup", type=float, default=1.0, help=speedup)
    arguments = parser.parse_args()
    return Options(arguments.instances, arguments.port, arguments.speedup)


def _welcome(home: Home, stack: Stack) -> None:
    log_file = home.logs / "pocket.log"
    logging.basicConfig(filename=log_file, level=logging.INFO, format="%(asctime)s %(message)s")
    urls = stack.urls
    print(  # noqa: T201
        f"service {urls.service}\npocket cloud {urls.pocket}\nstate {home.root}", flush=True
    )


if __name__ == "__main__":
    sys.exit(main())
