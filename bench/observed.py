"""What counting costs the service: its processor time, of all that a request takes.

    python -m bench.observed TICKETS.csv

The service runs as its container runs it, with a model of the file, and is asked the file's tickets
one by one and in batches of 1,000 on one connection. Counting is measured by itself, since its cost
is below the noise of a request. Needs Linux and taskset.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.load import Server
from bench.ours import read_whole
from bench.peers import FIELDS, OURS
from bench.served_models import prepared
from bench.serving import running
from bench.table import markdown, met
from jobs.tickets.frame import frame_of
from service.local_copy import LocalCopy
from service.model_slot import Serving
from service.observed import Observer
from urgency.batch import words_of
from urgency.logs import Log
from urgency.scorer import Scorer
from urgency.ticket import Ticket
from urgency.ticket_words import ticket_words

OWED = 0.02
BATCH, SINGLES, BATCHES, ROUNDS = 1_000, 4_000, 30, 20
HEAD = ("request", "CPU, us", "of it counting, us", "share", "at most", "reached")


def main() -> int:
    """Print the table; 1 where counting costs more than is owed."""
    parser = argparse.ArgumentParser(description="What counting costs the service.")
    parser.add_argument("tickets", help="a CSV of labelled tickets")
    tickets = parser.parse_args().tickets
    rows = frame_of(read_whole(tickets))[FIELDS].head(BATCH).to_dict("records")
    singles = [json.dumps(row).encode() for row in rows]
    batch = json.dumps({"instances": rows}).encode()
    with TemporaryDirectory() as folder:
        with running(OURS, prepared(tickets, Path(folder))) as server:
            cpu_s = {
                "one ticket": request_s(server, (singles * SINGLES)[:SINGLES]),
                f"batch of {BATCH:,}": request_s(server, [batch] * BATCHES),
            }
        serving = Serving(Scorer(LocalCopy(Path(folder, "baked")).bundle()), 1)
    counting_s = counting(serving, [Ticket(*(str(row[name]) for name in FIELDS)) for row in rows])
    spent = [*zip(cpu_s.items(), counting_s, strict=True)]
    lines = [_line(name, of_request_s, of_counts_s) for (name, of_request_s), of_counts_s in spent]
    sys.stdout.write(markdown(HEAD, lines))
    return 0 if all(counts_s <= OWED * whole_s for (_, whole_s), counts_s in spent) else 1


def request_s(server: Server, bodies: Sequence[bytes]) -> float:
    """The server's processor time for a request, by asking these on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    before = server.cpu_s()
    for body in bodies:
        connection.request("POST", server.path, body, {"Content-Type": "application/json"})
        if connection.getresponse().read() and connection.sock is None:
            raise OSError("The server closed the connection.")
    return (server.cpu_s() - before) / len(bodies)


def counting(serving: Serving, tickets: Sequence[Ticket]) -> tuple[float, float]:
    """Processor time of counting one ticket, and of counting all of them as a batch."""
    observer = Observer(Log(stream=io.StringIO()), time.monotonic)
    each = [ticket_words(ticket).marked for ticket in tickets]
    words = words_of([(ticket.title, ticket.description) for ticket in tickets], stems=False)
    probability = [0.3] * len(tickets)

    def singly() -> None:
        for marked, ticket in zip(each, tickets, strict=True):
            observer.tally(serving).add(0.3, marked, ticket)

    one = least_s(singly) / len(tickets)
    return one, least_s(lambda: observer.tally(serving).add_many(probability, words, tickets))


def least_s(work: Callable[[], None]) -> float:
    """The least processor time of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def _line(name: str, cpu_s: float, spent_s: float) -> list[str]:
    share = spent_s / cpu_s
    costs = [f"{1e6 * seconds:,.1f}" for seconds in (cpu_s, spent_s)]
    return [name, *costs, f"{share:.1%}", f"{OWED:.0%}", met(share <= OWED)]


if __name__ == "__main__":
    sys.exit(main())
