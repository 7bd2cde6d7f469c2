"""One circle of an environment's life: `python -m tests.infra.terraform_circle INFRA RESULT`.

A program, because a simulated project lives as long as the command that it was started for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.infra.terraform import RealProject, simulated

FIRST = ("-input=false", "-var-file=../variables.tfvars.json")
LAST = ("-input=false", "-var-file=../changed.tfvars.json")
# Four, or two: Terraform 1.11 keeps the flags in one list whose spare places its workers overwrite
# for each other, so that with three or five of them a grant may be left out.
REPLACED = tuple(
    f"-replace={address}"
    for address in (
        'google_cloudfunctions2_function.this["on-csv-landed"]',
        "google_cloud_run_v2_job.train",
        "google_cloud_run_v2_service.api",
        "google_storage_bucket_object.functions",
    )
)
STEPS = {
    "init": ("init", "-input=false"),
    "plan": ("plan", *FIRST, "-out=../first.tfplan"),
    "apply": ("apply", "-input=false", "../first.tfplan"),
    "show": ("show", "-json"),
    "second plan": ("plan", *FIRST, "-detailed-exitcode"),
    "replace": ("plan", *FIRST, *REPLACED, "-out=../replaced.tfplan"),
    "replaced": ("show", "-json", "../replaced.tfplan"),
    "change": ("apply", *LAST, "-auto-approve"),
    "destroy": ("destroy", *LAST, "-auto-approve"),
    "left": ("show", "-json"),
}


def terraform(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run one verb. Raises RealProject unless the project is simulated."""
    if not simulated(os.environ):
        raise RealProject(
            "TF_REATTACH_PROVIDERS does not name the google providers: this could be a real project"
        )
    began = time.monotonic()
    colour = () if "-json" in arguments else ("-no-color",)
    ended = subprocess.run(
        ["terraform", *arguments, *colour], cwd=folder, capture_output=True, text=True, check=False
    )
    return {
        "code": ended.returncode,
        "seconds": round(time.monotonic() - began, 2),
        "out": ended.stdout,
        "err": ended.stderr,
    }


def gcloud_calls() -> list[str]:
    """What the stand-in for gcloud was called with since the project was begun."""
    calls = Path(os.environ.get("TERRAFORM_OFFLINE", "/nowhere")) / "gcloud-calls"
    return calls.read_text().splitlines() if calls.exists() else []


def main(folder: Path, result: Path) -> None:
    """Run the steps up to the first that fails; write what each said and the calls of gcloud."""
    steps: dict[str, Any] = {}
    earlier = len(gcloud_calls())
    for name, arguments in STEPS.items():
        steps[name] = terraform(folder, *arguments)
        if steps[name]["code"] not in (0, 2 if name == "second plan" else 0):
            break
    result.write_text(json.dumps({"steps": steps, "gcloud": gcloud_calls()[earlier:]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
