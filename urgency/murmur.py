"""murmur3_32 (Appleby 2011, seed 0) of many pieces of one text, without a loop over them."""

from __future__ import annotations

import mmh3
import numpy as np
from numpy.typing import NDArray

LONG = 32
"""Bytes above which a piece is hashed by itself: few are, and each step here is one of all."""

_STEP = 4  # bytes
_FIRST, _SECOND = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)

UInts = NDArray[np.uint32]


def hashes(text: bytes, start: NDArray[np.int64], size: NDArray[np.int64]) -> UInts:
    """The hash of each `text[start : start + size]`, as `mmh3.hash` gives it, without a sign."""
    padded = text + bytes(_STEP)
    every: UInts = np.ndarray(len(padded) - _STEP + 1, "<u4", padded, strides=(1,))
    state = np.zeros(len(start), np.uint32)
    short = np.where(size > LONG, 0, size)
    steps = short // _STEP
    for step in range(int(steps.max(initial=0))):
        going = np.flatnonzero(steps > step)
        mixed = state[going] ^ _scrambled(every[start[going] + _STEP * step])
        state[going] = _turned(mixed, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    left = (short % _STEP).astype(np.uint32)
    tail = every[start + _STEP * steps] & (np.uint32(1) << left * np.uint32(8)) - np.uint32(1)
    state = _ended(state ^ _scrambled(tail) ^ short.astype(np.uint32))
    for long in np.flatnonzero(size > LONG).tolist():
        state[long] = mmh3.hash(text[start[long] : start[long] + size[long]], signed=False)
    return state


def _scrambled(some: UInts) -> UInts:
    return _turned(some * _FIRST, 15) * _SECOND


def _turned(some: UInts, bits: int) -> UInts:
    """Every number's bits, so many of them moved from its left end to its right one."""
    return some << np.uint32(bits) | some >> np.uint32(32 - bits)


def _ended(state: UInts) -> UInts:
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        state = (state ^ state >> np.uint32(shift)) * np.uint32(factor)
    return state ^ state >> np.uint32(16)
