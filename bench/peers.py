"""The servers that are compared: how each is installed, started and asked."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

_CHECKOUT = Path(__file__).parents[1]
_UV = str(_CHECKOUT / ".uv/bin/uv")
SHARED = ("joblib", "mlflow", "numpy", "pandas", "scikit-learn", "scipy")
"""Of the same versions everywhere, because the model is written here and read there."""

INSTALL_S = 900
FIELDS = ["title", "description", "source", "customer_tier"]
Row = Mapping[str, object]
Rows = Sequence[Row]


class NotHere(Exception):
    """A server that cannot be installed or started on this machine; says why."""


def instances(rows: Rows) -> object:
    """The body of our own API."""
    return {"instances": rows}


def with_reasons(rows: Rows) -> object:
    """The body of our own API that asks for reasons, which no other server here gives."""
    return {"instances": rows, "parameters": {"explain": 5}}


def records(rows: Rows) -> object:
    """The body of MLflow's scoring server."""
    return {"dataframe_records": rows}


def tensors(rows: Rows) -> object:
    """The body of the Open Inference Protocol, a column each, to be read as a pandas frame."""
    text = {"datatype": "BYTES", "shape": [len(rows)], "parameters": {"content_type": "str"}}
    columns = [{"name": name, "data": [row[name] for row in rows], **text} for name in FIELDS]
    asked = {"outputs": [{"name": "predict_proba"}], "parameters": {"content_type": "pd"}}
    return {"inputs": columns, **asked}


@dataclass(frozen=True)
class Peer:
    """A server: {port}, {other} (a port more) and {folder} (of the models) are filled in.

    packages: of an environment of its own, which is made when it is measured.
    """

    command: tuple[str, ...]
    packages: tuple[str, ...]
    path: str = "/predict"
    body: Callable[[Rows], object] = instances
    explaining: Callable[[Rows], object] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


OURS = "ours"
_SERVICE = ("--requirements", str(_CHECKOUT / "service/requirements.txt"))
_API: dict[str, Any] = {"path": "/v1/predict", "explaining": with_reasons}
_SKLEARN = ("pandas", "scikit-learn")
SERVERS = {
    OURS: Peer(("python", "-m", "service", "--host=127.0.0.1"), _SERVICE, **_API),
    "gunicorn": Peer(
        (
            *("gunicorn", "--bind=127.0.0.1:{port}", "--worker-class=gthread", "--threads=8"),
            "service.app:create_app()",
        ),
        ("gunicorn", *_SERVICE),
        **_API,
    ),
    "fastapi": Peer(
        ("uvicorn", "bench.peer_fastapi:app", "--port={port}", "--no-access-log"),
        ("fastapi", "uvicorn[standard]", *_SKLEARN),
    ),
    "mlserver": Peer(
        ("mlserver", "start", "{folder}/empty"),
        ("mlserver", "mlserver-sklearn", *_SKLEARN),
        path="/v2/models/urgency/infer",
        body=tensors,
        environ={
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{other}",
            "MLSERVER_METRICS_ENDPOINT": "",
            "MLSERVER_PARALLEL_WORKERS": "0",
            "MLSERVER_DEBUG": "false",
            "MLSERVER_MODEL_NAME": "urgency",
            "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_sklearn.SKLearnModel",
            "MLSERVER_MODEL_URI": "{folder}/model.joblib",
        },
    ),
    "mlflow": Peer(
        (
            *("mlflow", "models", "serve", "--model-uri={folder}/mlflow", "--env-manager=local"),
            *("--port={port}", "--workers=1"),
        ),
        ("mlflow", *_SKLEARN),
        path="/invocations",
        body=records,
        environ={"MLFLOW_DISABLE_TELEMETRY": "true"},
    ),
    "bentoml": Peer(
        ("bentoml", "serve", "bench.peer_bentoml:Urgency", "--host=127.0.0.1", "--port={port}"),
        ("bentoml", *_SKLEARN),
        environ={"BENTOML_DO_NOT_TRACK": "True"},
    ),
}
OTHERS = [name for name in SERVERS if name not in (OURS, "gunicorn")]
"""Those that are not ours in another way."""


def installed(packages: Sequence[str], folder: Path) -> Path:
    """The programs of a new environment in `folder` that holds `packages`. Raises NotHere."""
    same = folder.with_suffix(".constraints")
    same.write_text("".join(f"{name}=={version(name)}\n" for name in SHARED))
    into = ["--python", str(folder / "bin/python"), "--constraints", str(same)]
    _run("venv", "--python", "python3", str(folder))
    _run("pip", "install", "--compile-bytecode", *into, *packages)
    return folder / "bin"


def _run(*arguments: str) -> None:
    try:
        subprocess.run(
            [_UV, "--quiet", *arguments], check=True, capture_output=True, timeout=INSTALL_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"not installable here: {error}") from None
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.decode(errors="replace").split())
        raise NotHere(f"not installable here: {said}") from None
