"""Whether two corpora hold the same tickets, whatever their files, order and bytes."""

import numpy as np
import pandas as pd

from jobs.tickets.split import text_hash
from urgency.bundle import digest
from urgency.ticket import Ticket, same_text

_TICKET = ["title", "description", "source", "customer_tier"]


def tickets_digest(frame: pd.DataFrame) -> str:
    """sha256 over the sorted hashes of all tickets and their labels, of Dataset.frame; no text."""
    cells = zip(*(frame[name] for name in _TICKET), frame["urgent"], strict=True)
    hashes = [_hash(Ticket(*ticket), urgent=urgent) for *ticket, urgent in cells]
    return digest(np.sort(np.array(hashes, "<u8")).tobytes())


def _hash(ticket: Ticket, *, urgent: bool) -> int:
    known = (same_text(ticket), ticket.source, ticket.customer_tier, f"{urgent}")
    return text_hash("\0".join(known))
