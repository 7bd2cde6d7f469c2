"""The split that lasts: a ticket's side depends on the ticket alone, however many there are."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SIDES = ("train", "validation", "test")
LEARNED_SHARE = 0.8
"""Of train and validation, on which a model is fitted."""

_CUTS = np.array([0.6, LEARNED_SHARE]) * 2.0**64


def text_hash(text: str) -> int:
    """The first 64 bits of BLAKE2b: the same on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def mixed(hashes: NDArray[np.uint64], seed: int = 0) -> NDArray[np.uint64]:
    """Other hashes, without a trace of the split, which goes by the hashes' size (splitmix64)."""
    odd = np.uint64(0x9E3779B97F4A7C15)
    turned = (hashes + np.uint64(seed)) * odd
    turned ^= turned >> np.uint64(31)
    return np.asarray(turned * odd)


def side_numbers(hashes: NDArray[np.uint64]) -> NDArray[np.int8]:
    """Index into SIDES of each hashed split key: 60 % train, 20 % validation, 20 % test."""
    return np.searchsorted(_CUTS.astype(np.uint64), hashes, side="right").astype(np.int8)


def lasting_split(split_key: str) -> str:
    """The side of the ticket whose `urgency.ticket.split_key` this is."""
    return SIDES[side_numbers(np.array([text_hash(split_key)], np.uint64))[0]]
