"""What an answer costs beside other servers: one core each, the load from another core.

    python -m bench.serving data/tickets.csv

ours: the service as its container runs it, with a model of these tickets. gunicorn: the same
answers by the service's Flask application in eight threads. fastapi: the seed's pipeline
(bench.peer); a fair guess at what one writes first. Ratios of one run say most; processor time is
what other work on the machine disturbs least. Needs Linux, wrk and taskset.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import joblib
from rich.console import Console
from rich.progress import track

from bench.load import Server, served
from bench.ours import read_whole, snapshot_of, trainer
from bench.seed import pipeline
from bench.table import markdown, met
from service.local_copy import LocalCopy
from urgency.bundle import digest
from urgency.records import Release
from urgency.registry import Registry

OURS, PEER = "ours", "fastapi"
COMMANDS = {
    OURS: ["service", "--host=127.0.0.1"],
    "gunicorn": [
        *("gunicorn", "--bind=127.0.0.1:{port}", "--worker-class=gthread", "--threads=8"),
        "service.app:create_app()",
    ],
    PEER: ["uvicorn", "bench.peer:app", "--port={port}", "--no-access-log"],
}
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
FIELDS = ["title", "description", "source", "customer_tier"]
BATCH, BATCHES = 1_000, 5
PEAK, OVERLOAD, HALF_SENT = 64, 240, 300
HEAD = ("measure", "better", *COMMANDS, "ours against fastapi", "owed", "reached")

MEASURES: dict[str, tuple[str, float]] = {
    "CPU per request, 16 connections, us": ("less", 20),
    "p50, 1 connection, ms": ("less", 15),
    "p99, 64 connections, ms": ("less", 20),
    "memory (PSS), MB": ("less", 2.5),
    "batch of 1,000, rows/s": ("more", 2),
    "good answers at 240 connections, of those at 64": ("more", 0),
    "p99 beside 300 half-sent requests, of that alone": ("less", 0),
}
"""Which way is better, and how many times better than the peer is owed; 0: nothing."""


@dataclass(frozen=True)
class Inputs:
    """Files of request bodies, one a line, and a batch; what each server needs to know."""

    lines: Path
    batch: bytes
    environ: dict[str, str]

    @property
    def first(self) -> bytes:
        """One request."""
        return self.lines.read_bytes().partition(b"\n")[0]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parse(argv)
    measured: dict[str, list[float]] = {}
    with TemporaryDirectory() as folder:
        inputs = prepared(options.tickets, Path(folder))
        for name in track(COMMANDS, console=Console(stderr=True)):
            log = Path(folder, f"{name}.log")
            with served(COMMANDS[name], inputs.environ, inputs.first, log) as server:
                measured[name] = measures(server, inputs, options.seconds)
    command = shlex.join(["python", "-m", "bench.serving", *(argv or sys.argv[1:])])
    sys.stdout.write(f"{command}\n\n{markdown(HEAD, compared(measured))}")
    return 0


def prepared(tickets: str, folder: Path) -> Inputs:
    """Both models and the requests, below `folder`."""
    keep_ours(tickets, folder / "baked")
    frame = read_whole(tickets).frame
    rows = frame[FIELDS].head(2 * BATCH).to_dict("records")
    frame = frame.assign(text=frame["title"] + " " + frame["description"])
    joblib.dump(pipeline().fit(frame, frame["urgent"]), folder / "model.joblib")
    lines = folder / "bodies"
    lines.write_text("".join(json.dumps({"instances": [row]}) + "\n" for row in rows))
    batch = json.dumps({"instances": (rows * BATCH)[:BATCH]}).encode()
    places = {"URGENCY_BAKED_BUNDLE": folder / "baked", "MODEL": folder / "model.joblib"}
    return Inputs(lines, batch, NO_CLOUD | {name: str(path) for name, path in places.items()})


def keep_ours(tickets: str, folder: Path) -> None:
    """Train on `tickets`, and keep the bundle where the service finds it without storage."""
    manifest, parts = trainer().train(snapshot_of(tickets), 0)
    body = manifest.to_bytes()
    blobs = {digest(part): part for part in parts.values()}

    class Trained:
        def manifest_body(self, _version: int) -> bytes:
            return body

        def blob(self, sha256: str) -> bytes:
            return blobs[sha256]

    named = (manifest.version, digest(body))
    release = Release(1, *named, floor=0, pinned=False, by="bench", reason="", at="")
    LocalCopy(folder).keep(release, cast(Registry, Trained()))


def measures(server: Server, inputs: Inputs, seconds: int) -> list[float]:
    """A value for each of MEASURES."""
    server.load(1, inputs.lines, 1)  # warm
    one, some, peak, overload = (
        server.load(connections, inputs.lines, seconds) for connections in (1, 16, PEAK, OVERLOAD)
    )
    memory_mb = server.pss_mb()
    batch_s = min(server.post(inputs.batch) for _ in range(BATCHES))
    with server.half_sent(HALF_SENT):
        beside = server.load(PEAK, inputs.lines, seconds)
    return [
        some.cpu_s / max(some.answers, 1) * 1e6,
        one.p50_us / 1e3,
        peak.p99_us / 1e3,
        memory_mb,
        BATCH / batch_s,
        overload.good_per_s / max(peak.good_per_s, 1),
        beside.p99_us / max(peak.p99_us, 1) if beside.good_per_s else float("inf"),
    ]


def compared(measured: dict[str, list[float]]) -> list[tuple[str, ...]]:
    """The lines of the table."""
    lines = []
    for number, (measure, (better, owed)) in enumerate(MEASURES.items()):
        values = {name: of_one[number] for name, of_one in measured.items()}
        times = values[OURS] / values[PEER] if values[PEER] else math.inf
        times = 1 / times if better == "less" else times
        target = (f"{owed:g}x", met(times >= owed)) if owed else ("", "")
        shown = [f"{value:,.2f}" if value < 10 else f"{value:,.0f}" for value in values.values()]
        lines.append((measure, better, *shown, f"{times:.1f}x", *target))
    return lines


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    about = "Serving beside other servers: cost, latency, memory, overload, slow clients."
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=about)
    parser.add_argument("tickets", help="a CSV of labelled tickets")
    parser.add_argument("--seconds", type=int, default=4, help="of each load")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
