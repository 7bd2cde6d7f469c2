"""What one scores an archive with first: pandas and the seed's scikit-learn pipeline, in one go.

python -m bench.score_pandas FOLDER ARCHIVE TARGET.csv
"""

from __future__ import annotations

import json
import sys

import joblib
import pandas as pd

CUT = 0.5


def main(folder: str, archive: str, target: str) -> int:
    """Read, score, write, and say how many rows there were."""
    rows = pd.read_csv(archive, dtype=str, keep_default_na=False)
    text = rows["title"] + " " + rows["description"]
    probability = joblib.load(f"{folder}/seed").predict_proba(rows.assign(text=text))[:, 1]
    rows.assign(urgent=probability >= CUT, probability=probability).to_csv(target, index=False)
    sys.stdout.write(json.dumps({"rows": len(rows)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
