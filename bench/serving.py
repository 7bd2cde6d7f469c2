"""What an answer costs beside other servers: one core each, the load from another core.

    python -m bench.serving data/tickets.csv

ours: the service as its container runs it, with a model of these tickets. gunicorn: the same
answers by the service's Flask application in eight threads. The others serve the seed's pipeline,
each from an environment of its own that is made now (bench.peers) and with the same members
required of a ticket; one that cannot be installed or started is named below the table. Ratios of
one run say most; processor time is what other work on the machine disturbs least. Needs Linux, wrk
and taskset.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.progress import track

from bench.load import Server, served
from bench.peers import OTHERS, OURS, SERVERS, NotHere, Peer, installed
from bench.served_models import BATCH, Inputs, prepared
from bench.table import markdown, met

NO_CLOUD = {
    "URGENCY_PROJECT": "local-helpdesk",
    "URGENCY_REGISTRY_BUCKET": "registry",
    "URGENCY_CONTROL_BUCKET": "control",
    "URGENCY_RELOAD_AUDIENCE": "urgency-reload",
    "URGENCY_RELOAD_CALLER": "urgency-reload@local-helpdesk.iam.gserviceaccount.com",
    "URGENCY_STORAGE_ENDPOINT": "http://127.0.0.1:1",
    "NO_GCE_CHECK": "true",
    "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
BATCHES = 5
PEAK, OVERLOAD, HALF_SENT = 64, 240, 300


class Measure(NamedTuple):
    """Which way is better; what is owed: times better than the best of the others, or a bound."""

    better: str
    times: float = 0
    bound: float = 0


MEASURES = {
    "CPU per request, 16 connections, us": Measure("less", times=20),
    "CPU with 5 reasons, of that without": Measure("less", bound=1.5),
    "p50, 1 connection, ms": Measure("less", times=15),
    "p99, 64 connections, ms": Measure("less", times=20),
    "start to first answer, s": Measure("less", times=3.5),
    "memory (PSS), MB": Measure("less", times=2.5),
    "batch of 1,000, rows/s": Measure("more", times=2),
    "good answers at 240 connections, of those at 64": Measure("more", bound=0.8),
    "good answers within 1 s at 3 times the arrivals, of the peak": Measure("more", bound=0.8),
    "p99 of these, ms": Measure("less"),
    "refused with 503, of these arrivals": Measure("more"),
    "p99 beside 300 half-sent requests, of that alone": Measure("less", bound=2),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parse(argv)
    measured: dict[str, list[float]] = {}
    notes: list[str] = []
    with TemporaryDirectory() as folder:
        inputs = prepared(options.tickets, Path(folder))
        for name in track(dict.fromkeys([OURS, *options.only]), console=Console(stderr=True)):
            try:
                with running(name, inputs) as server:
                    measured[name] = measures(server, SERVERS[name], inputs, options.seconds)
                    if server.status(inputs.wrong(SERVERS[name])) == 200:
                        notes.append(f"{name} answers a ticket whose title is a number")
            except NotHere as reason:
                notes.append(f"{name}: {reason}")
    if OURS not in measured:
        sys.exit("\n".join(notes))
    command = shlex.join(["python", "-m", "bench.serving", *(argv or sys.argv[1:])])
    sys.stdout.write(f"{command}\n\n{markdown(head(measured), compared(measured))}")
    sys.stdout.write("".join(f"\n{note}" for note in notes) + "\n" * bool(notes))
    return 0


@contextmanager
def running(name: str, inputs: Inputs) -> Iterator[Server]:
    """The server of this name, in an environment of its own. Raises NotHere, also when it fails."""
    server, folder = SERVERS[name], inputs.folder
    programs = installed(server.packages, folder / f"environment-{name}")
    of_folder = {"folder": str(folder), "port": "{port}", "other": "{other}"}
    program, *arguments = (part.format(**of_folder) for part in server.command)
    environ = {name: value.format(**of_folder) for name, value in server.environ.items()}
    environ |= NO_CLOUD | {"URGENCY_BAKED_BUNDLE": str(folder / "baked")}
    environ |= {"MODEL": str(folder / "model.joblib"), "PATH": f"{programs}:{os.environ['PATH']}"}
    log, first = folder / f"{name}.log", json.dumps(server.body(inputs.rows[:1])).encode()
    command = [str(programs / program), *arguments]
    try:
        with served(command, environ, server.path, first, log) as there:
            yield there
    except OSError as error:
        end = " ".join(log.read_text(errors="replace").splitlines()[-3:])
        raise NotHere(f"not measured here: {error} Its log ends: {end}") from None


def explained_cost(server: Server, of: Peer, inputs: Inputs, seconds: int) -> float:
    """Processor seconds of an answer with reasons at 16 connections; nan where none are given."""
    if not of.explaining:
        return math.nan
    lines = inputs.lines(of.explaining)
    server.load(1, lines, 1)  # warm
    return server.load(16, lines, seconds).cpu_s_an_answer


def measures(server: Server, of: Peer, inputs: Inputs, seconds: int) -> list[float]:
    """A value for each of MEASURES."""
    lines = inputs.lines(of.body)
    server.load(1, lines, 1)  # warm
    one, some, peak, overload = (
        server.load(connections, lines, seconds) for connections in (1, 16, PEAK, OVERLOAD)
    )
    explained_s = explained_cost(server, of, inputs, seconds)
    memory_mb, batch = server.pss_mb(), inputs.batch(of)
    batch_s = min(server.post(batch) for _ in range(BATCHES))
    rate = 3 * max(peak.good_per_s, 1)
    arrived = server.arrivals(rate, lines, seconds)
    with server.half_sent(HALF_SENT):
        beside = server.load(PEAK, lines, seconds)
    return [
        some.cpu_s_an_answer * 1e6,
        explained_s / some.cpu_s_an_answer,
        one.p50_us / 1e3 or math.inf,
        peak.p99_us / 1e3 or math.inf,
        server.start_s,
        memory_mb,
        BATCH / batch_s,
        overload.good_per_s / max(peak.good_per_s, 1),
        arrived.good_per_s / max(peak.good_per_s, 1),
        arrived.p99_us / 1e3 or math.inf,
        arrived.refused / (rate * seconds),
        beside.p99_us / max(peak.p99_us, 1) if beside.good_per_s else math.inf,
    ]


def head(measured: dict[str, list[float]]) -> tuple[str, ...]:
    """The names of the table's columns."""
    return ("measure", "better", *measured, "ours against the best other", "owed", "reached")


def compared(measured: dict[str, list[float]]) -> list[tuple[str, ...]]:
    """The lines of the table."""
    return [
        _line(name, measure, {server: values[number] for server, values in measured.items()})
        for number, (name, measure) in enumerate(MEASURES.items())
    ]


def _line(name: str, measure: Measure, values: dict[str, float]) -> tuple[str, ...]:
    shown = [_shown(value) for value in values.values()]
    others = [values[other] for other in OTHERS if other in values]
    return (name, measure.better, *shown, *_judged(measure, values[OURS], others))


def _shown(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def _judged(measure: Measure, ours: float, others: list[float]) -> tuple[str, str, str]:
    """Ours against the best other, what is owed, and whether it is reached."""
    is_less = measure.better == "less"
    if measure.times and others:
        times = min(others) / max(ours, 1e-9) if is_less else ours / max(*others, 1e-9)
        return f"{times:.1f}x", f"{measure.times:g}x", met(times >= measure.times)
    if measure.bound:
        reached = ours <= measure.bound if is_less else ours >= measure.bound
        return "", f"{'<=' if is_less else '>='} {measure.bound:g}", met(reached)
    return "", "", ""


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    about = "Serving beside other servers: cost, latency, memory, overload, slow clients."
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=about)
    parser.add_argument("tickets", help="a CSV of labelled tickets")
    parser.add_argument("--seconds", type=int, default=4, help="of each load")
    only = f"ours and these; all by default: {', '.join(SERVERS)}"
    parser.add_argument("--only", nargs="+", choices=SERVERS, default=list(SERVERS), help=only)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
