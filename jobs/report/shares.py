"""A share of tickets, and how sure it is."""

import math

_Z = 1.96


def wilson(share: float, rows: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share of `rows` tickets (Wilson 1927)."""
    spread = _Z * _Z / rows
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / rows + spread / (4 * rows)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
