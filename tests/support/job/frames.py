"""Small training frames with the columns of jobs.tickets.dataset.Dataset."""

from __future__ import annotations

import random

import pandas as pd
from scipy import sparse

from jobs.model.newton import Rows
from jobs.model.vectors import Corpus, corpus_of
from jobs.tickets.split import SIDES, side_numbers, text_hash
from jobs.tickets.texts import TicketWords
from urgency.batch import words_of
from urgency.ticket import normal_ticket, same_text, split_key

URGENT = "outage crash unreachable corrupted breach deadline".split()  # noqa: SIM905
CALM = "toner newsletter question thanks chair colour".split()  # noqa: SIM905
FILLER = "the server in our office since monday ticket please team report printer".split()  # noqa: SIM905


def frame(
    rows: int, *, seed: int = 0, signal: float = 0.9, urgent_share: float = 0.3
) -> pd.DataFrame:
    """Tickets whose words fit their label with probability `signal`; 0.5: they say nothing."""
    rng = random.Random(seed)
    made = []
    for _ in range(rows):
        urgent = rng.random() < urgent_share
        telling = URGENT if urgent == (rng.random() < signal) else CALM
        unique = f"x{rng.randrange(10**9):x}".translate(_LETTERS)
        words = [*rng.choices(telling, k=2), *rng.choices(FILLER, k=6), unique]
        rng.shuffle(words)
        texts = " ".join(words[:3]), " ".join(words[3:])
        categories = rng.choice(["email", "phone"]), rng.choice(["", "gold"])
        ticket = normal_ticket(*texts, *categories)
        keys = text_hash(split_key(ticket)), text_hash(same_text(ticket))
        made.append((*texts, *categories, urgent, *keys))
    texts = ["title", "description", "source", "customer_tier"]
    built = pd.DataFrame(made, columns=[*texts, "urgent", "split_key", "same_text"])
    built = built.astype({"urgent": bool, "split_key": "uint64", "same_text": "uint64"})
    built["side"] = [SIDES[number] for number in side_numbers(built["split_key"].to_numpy())]
    built["created_at"] = pd.NaT
    return built


def corpus(rows: pd.DataFrame) -> Corpus:
    """These tickets, their words as their texts are now."""
    words = words_of(zip(rows["title"], rows["description"], strict=True), stems=True)
    return corpus_of(rows, TicketWords.all_of(words))


def matrix(rows: Rows) -> sparse.csr_matrix:
    """What is fitted, but for sources and tiers, as one matrix."""
    blocks = [sparse.diags(block.scale) @ block.has for block in rows.blocks]
    return sparse.vstack(blocks, "csr") @ sparse.diags(rows.idf)


_LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Digits are masked: they would not make a ticket's text its own."""
