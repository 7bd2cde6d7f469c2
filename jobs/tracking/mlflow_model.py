"""A version as an MLflow model: files of data that `mlflow.pyfunc.load_model` gives to our scorer.

The MLmodel file names this module as its loader: code is what is installed, never what is stored.
"""

import json
from pathlib import Path
from platform import python_version

import pandas as pd

from urgency.bundle import read_bundle, read_manifest
from urgency.errors import Gone
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer
from urgency.ticket import normal_ticket

FIELDS = {"title": True, "description": True, "source": False, "customer_tier": False}
"""Columns that the model takes, and whether they must be there."""

_OUTPUTS = [{"name": "label", "type": "string"}, {"name": "probability", "type": "double"}]
_BUNDLE, _MANIFEST = "bundle", "manifest.json"


class UrgencyModel:
    """What `mlflow.pyfunc.load_model` wraps."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def predict(self, tickets: pd.DataFrame) -> pd.DataFrame:
        """Each row's `label` and calibrated `probability`, under its index. Raises BadTicket."""
        text = tickets.reindex(columns=list(FIELDS)).astype(object).fillna("")
        probabilities = [
            self._scorer.probability(normal_ticket(*row)) for row in text.itertuples(index=False)
        ]
        labels = [self._scorer.label(probability) for probability in probabilities]
        return tickets.assign(label=labels, probability=probabilities)[["label", "probability"]]


def _load_pyfunc(folder: str) -> UrgencyModel:
    """Called by MLflow, by this name. Raises CorruptObject where a file does not fit its digest."""
    body = Path(folder, _MANIFEST).read_bytes()
    name_of = {sha256: name for name, sha256 in read_manifest(body).parts.items()}
    bundle = read_bundle(body, lambda sha256: Path(folder, name_of[sha256]).read_bytes())
    return UrgencyModel(verified_scorer(bundle))


def lay_out(registry: Registry, version: int, folder: Path) -> None:
    """Write MLmodel, bundle/manifest.json and the parts by name below `folder`. Raises Gone."""
    body = registry.manifest_body(version)
    if body is None:
        raise Gone(f"There is no version {version} in the registry.")
    manifest = read_manifest(body)
    bundle = folder / _BUNDLE
    bundle.mkdir(parents=True, exist_ok=True)
    for name, sha256 in manifest.parts.items():
        (bundle / Path(name).name).write_bytes(registry.blob(sha256))
    (bundle / _MANIFEST).write_bytes(body)
    (folder / "MLmodel").write_text(_mlmodel(manifest.created_at))


def _mlmodel(created_at: str) -> str:
    """https://mlflow.org/docs/latest/ml/model/#model-signature; JSON, which is YAML too."""
    inputs = [{"name": name, "type": "string", "required": FIELDS[name]} for name in FIELDS]
    flavor = {"loader_module": __name__, "data": _BUNDLE, "python_version": python_version()}
    mlmodel = {
        "flavors": {"python_function": flavor},
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(_OUTPUTS)},
        "utc_time_created": created_at,
    }
    return json.dumps(mlmodel, indent=2)
