"""Recipe: the digest of everything but the data that decides what a model becomes, the same on laptop and cloud.

New model code or another model setting makes a new recipe, and so a new snapshot and a new model; nothing else does.
Modules are read, not imported: an unchanged night pays for no pandas.
"""

from __future__ import annotations

from pathlib import Path

import jobs
import urgency
from urgency.bundle import canonical_json, digest
from urgency.settings import Settings, recipe_settings

MODULES = {
    urgency: ("bundle.py", "features.py", "scorer.py", "ticket.py"),
    jobs: (
        *("file_kind.py", "csv_lines.py", "csv_records.py", "csv_header.py", "csv_reader.py", "ticket_columns.py"),
        *("dataset.py", "split.py", "vectors.py", "model.py", "threshold.py"),
        *("evaluate.py", "gate.py", "golden.py", "training.py"),
    ),
}


def recipe_of(settings: Settings) -> str:
    """sha256 in hex over the deciding modules' text and the deciding settings."""
    sources = {
        f"{package.__name__}/{name}": digest((Path(package.__path__[0]) / name).read_text().encode())
        for package, names in MODULES.items()
        for name in names
    }
    return digest(canonical_json({"sources": sources, "settings": recipe_settings(settings)}))
