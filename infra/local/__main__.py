"""`python -m infra.local`: run the stack in the foreground until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys

from infra.local.stack import Options, run_stack
from infra.local.state import Home, Stack, home_of
from urgency.errors import UrgencyError


def main() -> int:
    """Exit code 0 when it was told to stop, 1 when it could not run; why is one message on standard
    error.
    """
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
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="port of the service (that of the last run, or a free one)",
    )
    parser.add_argument(
        "--hurry", type=float, default=1.0, help="divide every back-off by this (1)"
    )
    asked = parser.parse_args()
    return Options(asked.instances, asked.port, asked.hurry)


def _welcome(home: Home, stack: Stack) -> None:
    logging.basicConfig(
        filename=home.logs / "pocket.log", level=logging.INFO, format="%(asctime)s %(message)s"
    )
    print(
        f"service {stack.urls.service}\npocket cloud {stack.urls.pocket}\nstate {home.root}",
        flush=True,
    )  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
