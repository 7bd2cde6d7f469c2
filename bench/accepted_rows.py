"""What the project's reader takes of a file, with the side of each row, as a CSV for bench.seed.

python -m bench.accepted_rows TICKETS.csv ROWS.csv
"""

from __future__ import annotations

import sys

import numpy as np

from bench.ours import read_whole
from jobs.tickets.frame import frame_of

COLUMNS = ["title", "description", "source", "customer_tier", "label_urgency", "side"]


def main(tickets: str, rows: str) -> int:
    """Read one, write the other."""
    frame = frame_of(read_whole(tickets))
    labels = np.where(frame["urgent"], "urgent", "non-urgent")
    frame.assign(label_urgency=labels)[COLUMNS].to_csv(rows, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
