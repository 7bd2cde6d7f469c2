"""Small tables of tickets, and what is trained of them: their columns, a corpus, a dataset."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from jobs.model.newton import Rows
from jobs.model.vectors import Corpus, corpus_of
from jobs.tickets.columns import NO_ID, Category, TicketColumns
from jobs.tickets.dataset import Dataset
from jobs.tickets.split import SIDES, side_numbers, text_hash
from jobs.tickets.texts import Text, TicketWords
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
    return built.astype({"urgent": bool, "split_key": "uint64", "same_text": "uint64"})


def corpus(rows: pd.DataFrame) -> Corpus:
    """These tickets, their words as their texts are now."""
    return corpus_of(columns(rows), TicketWords.all_of(words_of(texts(rows), stems=True)))


def dataset(rows: pd.DataFrame) -> Dataset:
    """As they are read from one file, every text kept."""
    return Dataset(columns(rows), dict(enumerate(texts(rows))), lambda: corpus(rows).words, (), 0)


def texts(rows: pd.DataFrame) -> list[Text]:
    """As they are written."""
    return [*map(Text, rows["title"], rows["description"])]


def columns(rows: pd.DataFrame) -> TicketColumns:
    """Of these tickets, in a file of their own."""
    number = np.arange(len(rows))
    undated = np.full(len(rows), "NaT", "datetime64[s]")
    return TicketColumns(
        ticket_id=np.full(len(rows), NO_ID, np.uint64),
        created_at=undated,
        updated_at=undated,
        categories={name: category(rows[name]) for name in ("source", "customer_tier")},
        urgent=rows["urgent"].to_numpy(bool),
        file=Category(np.zeros_like(number), ("incoming/a.csv",)),
        line=number + 2,
        split_key=rows["split_key"].to_numpy(np.uint64),
        side=Category(side_numbers(rows["split_key"].to_numpy(np.uint64)), SIDES),
        same_text=rows["same_text"].to_numpy(np.uint64),
    )


def category(texts: Iterable[str]) -> Category:
    """The column of these texts."""
    values, codes = np.unique([*texts], return_inverse=True)
    return Category(codes, tuple(values.tolist()))


def matrix(rows: Rows) -> sparse.csr_matrix:
    """What is fitted, but for sources and tiers, as one matrix."""
    blocks = [sparse.diags(block.scale) @ block.has for block in rows.blocks]
    return sparse.vstack(blocks, "csr") @ sparse.diags(rows.idf)


_LETTERS = str.maketrans("0123456789", "ghijklmnop")
"""Digits are masked: they would not make a ticket's text its own."""
