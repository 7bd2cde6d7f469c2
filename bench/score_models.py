"""Both models of a comparison, trained on one file.

    python -m bench.score_models TICKETS.csv FOLDER

The project's, released in a registry that is a folder, and the seed's pipeline, written by joblib.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import joblib
import pandas as pd

from bench import seed
from bench.ours import snapshot_of, trainer
from bench.score_registry import registry_in
from urgency.bundle import digest
from urgency.records import NO_RELEASE


def main(path: str, folder: str) -> int:
    """Train both and keep them."""
    registry = registry_in(Path(folder))
    made, parts = trainer().train(snapshot_of(path), 0)
    for body in parts.values():
        registry.put_blob(body)
    manifest = registry.commit(made)
    sha256 = digest(manifest.to_bytes())
    released = replace(
        NO_RELEASE, epoch=1, champion=manifest.version, manifest_sha256=sha256, by="bench"
    )
    registry.move_release(released, 0)
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows["text"] = rows["title"] + " " + rows["description"]
    joblib.dump(seed.pipeline().fit(rows, rows["label_urgency"] == "urgent"), f"{folder}/seed")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
