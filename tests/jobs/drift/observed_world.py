"""What a service counted, without a service: tickets of two kinds, as a sink lays them down."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta

import numpy as np

from urgency.observed import BINS, CATEGORIES, Counts
from urgency.reference import TOGETHER, Reference

PLAIN = np.linspace(2, 1, BINS["probability"])


def counts_of(n: int, seed: int, *, emails: float = 0.5) -> Counts:
    """Tickets drawn at random, ten words each."""
    random = np.random.default_rng(seed)
    histograms = {
        "probability": random.multinomial(n, PLAIN / PLAIN.sum()),
        "known": random.multinomial(n, [0.1] * 10),
        "length": random.multinomial(n, [0.125] * 8),
        "words": random.multinomial(10 * n, [1 / 512] * 512),
    }
    mails = int(random.binomial(n, emails))
    sources = {"email": mails, "(none)": n - mails}
    named = {name: Counter({"(none)": n}) for name in CATEGORIES}
    return Counts(n, histograms, named | {"source": Counter(sources)})


def reference_of(n: int = 4_000) -> Reference:
    """What `counts_of` draws from."""
    words = np.random.default_rng(9).multinomial(10 * TOGETHER, [1 / 512] * 512, 200)
    return Reference(counts_of(n, 1), words.astype(np.uint16))


def entry(counts: Counts, at: datetime, version: int = 7) -> bytes:
    """A line of an object."""
    payload = {"message": "observed", "version": version, **counts.members()}
    made = {"timestamp": at.isoformat(), "insertId": f"{at}-{version}", "jsonPayload": payload}
    return json.dumps(made).encode() + b"\n"


def days_of(n: int, until: datetime, days: int, *, moved_for: int = 0) -> dict[str, bytes]:
    """Objects by name: n tickets a day, and in the last days more of them by mail."""
    objects = {}
    for ago in range(days, 0, -1):
        at = until - timedelta(days=ago) + timedelta(hours=1)
        emails = 0.9 if ago <= moved_for else 0.5
        name = f"run.googleapis.com/stderr/{at:%Y/%m/%d}/{at:%H}:00:00_{at:%H}:59:59_S0.json"
        objects[name] = entry(counts_of(n, 100 + ago, emails=emails), at)
    return objects
