"""Pieces hashed together have the hashes that mmh3 gives each of them."""

from __future__ import annotations

import random

import mmh3
import numpy as np

from urgency.murmur import LONG, hashes


def test_pieces_of_every_length_have_mmh3s_hashes() -> None:
    rng = random.Random(1)
    text = rng.randbytes(5_000)
    pieces = [(rng.randrange(4_900), size) for size in range(3 * LONG) for _ in range(5)]
    pieces.append((len(text), 0))
    start, size = (np.array(column, np.int64) for column in zip(*pieces, strict=True))
    expected = [mmh3.hash(text[at : at + length], signed=False) for at, length in pieces]
    assert hashes(text, start, size).tolist() == expected


def test_no_pieces_have_no_hashes() -> None:
    nothing = np.empty(0, np.int64)
    assert hashes(b"", nothing, nothing).tolist() == []
