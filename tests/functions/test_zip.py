"""What is deployed is what is tested: the zip's files, alone elsewhere, start and answer."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.functions.function_host import function_host
from tests.functions.test_main import landed, pushed

CHECKOUT = Path(__file__).parents[2]
FILES = json.loads((CHECKOUT / "functions/files.json").read_text())


def unpacked(folder: Path) -> Path:
    """The zip that Terraform makes of functions/files.json, made and unpacked here."""
    archive = folder / "functions.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for inside, source in FILES.items():
            zipped.write(CHECKOUT / source, inside)
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder / "source")
    return folder / "source"


def test_the_zip_alone_starts_the_job_when_a_csv_lands(tmp_path: Path) -> None:
    with function_host(tmp_path, unpacked(tmp_path), python_path=None) as host:
        assert host.csv_landed(pushed(json.dumps(landed()).encode())) == 200
        assert [request.path.rsplit("/", 1)[-1] for request in host.world.requests] == ["train:run"]


def test_the_functions_process_imports_neither_numpy_nor_what_is_not_in_the_zip(
    tmp_path: Path,
) -> None:
    script = "import sys, main; print(*sorted(sys.modules))"
    environment = {"PYTHONPATH": str(unpacked(tmp_path)), "PATH": ""}
    command = [sys.executable, "-P", "-c", script]
    ran = subprocess.run(command, env=environment, capture_output=True, check=True, cwd="/")
    loaded = set(ran.stdout.decode().split())
    assert not loaded & {"numpy", "pandas", "sklearn", "mlflow", "google.cloud.storage", "mmh3"}
    ours = {name.removeprefix("urgency.") for name in loaded if name.startswith("urgency.")}
    assert ours == {"errors", "logs", "messages", "settings"}
