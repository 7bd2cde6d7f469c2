"""The models that servers are compared with, and the tickets that they are asked about."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import joblib
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from bench.ours import read_whole, snapshot_of, trainer
from bench.peer_model import with_text
from bench.peers import FIELDS, Peer, Rows
from bench.seed import pipeline
from jobs.tickets.frame import frame_of
from service.local_copy import LocalCopy
from urgency.bundle import digest
from urgency.records import Release
from urgency.registry import Registry

BATCH = 1_000


@dataclass(frozen=True)
class Inputs:
    """The models below `folder`, and the tickets that are sent."""

    folder: Path
    rows: Rows

    def lines(self, body: Callable[[Rows], object]) -> Path:
        """A file of request bodies, one a line."""
        lines = self.folder / f"{body.__name__}.lines"
        lines.write_text("".join(json.dumps(body([row])) + "\n" for row in self.rows))
        return lines

    def batch(self, server: Peer) -> bytes:
        """The body of a request with many tickets."""
        return json.dumps(server.body((list(self.rows) * BATCH)[:BATCH])).encode()

    def wrong(self, server: Peer) -> bytes:
        """The body of a ticket whose title is a number, which a server with validation refuses."""
        return json.dumps(server.body([{**self.rows[0], "title": 5}])).encode()


def prepared(tickets: str, folder: Path) -> Inputs:
    """Both models below `folder`, and the tickets."""
    keep_ours(tickets, folder / "baked")
    frame = frame_of(read_whole(tickets))
    rows = cast(Rows, frame[FIELDS].head(2 * BATCH).to_dict("records"))
    model = Pipeline([("text", FunctionTransformer(with_text)), *pipeline().steps])
    model.fit(frame[FIELDS], frame["urgent"])
    joblib.dump(model, folder / "model.joblib")
    keep_for_mlflow(model, folder / "mlflow")
    return Inputs(folder, rows)


def keep_for_mlflow(model: Pipeline, folder: Path) -> None:
    """Save `model` as MLflow serves it, with the members of a ticket as its signature."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns of pickles, which all here read
    with warnings.catch_warnings(action="ignore"):  # and of type hints of its own
        import mlflow.sklearn
        from mlflow.models import ModelSignature
        from mlflow.types.schema import ColSpec, Schema

        signature = ModelSignature(Schema([ColSpec("string", name) for name in FIELDS]))
        how = {"serialization_format": "cloudpickle", "pyfunc_predict_fn": "predict_proba"}
        mlflow.sklearn.save_model(
            model, str(folder), signature=signature, pip_requirements=[], **how
        )


def keep_ours(tickets: str, folder: Path) -> None:
    """Train on `tickets`, and keep the bundle where the service finds it without storage."""
    manifest, parts = trainer().train(snapshot_of(tickets), 0)
    body = manifest.to_bytes()
    blobs = {digest(part): part for part in parts.values()}

    class Trained:
        def manifest_body(self, _version: int) -> bytes:
            return body

        def blob(self, sha256: str) -> bytes:
            return blobs[sha256]

    named = (manifest.version, digest(body))
    release = Release(1, *named, floor=0, pinned=False, by="bench", reason="", at="")
    LocalCopy(folder).keep(release, cast(Registry, Trained()))
