"""Verbs of Terraform one after the other: `python -m tests.infra.terraform_script SCRIPT RESULT`.

A program, because a simulated project lives as long as the command that it was started for.
SCRIPT: a list of steps (tests/infra/terraform_steps.py).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.infra.terraform import RealProject, simulated


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


def tainted(folder: Path, pattern: str) -> str:
    """The option that makes a verb use a copy of the state, with what matches tainted in it."""
    state = json.loads((folder / "terraform.tfstate").read_text())
    for resource in state["resources"]:
        for instance in resource["instances"]:
            if re.match(f"google_({pattern})", _address(resource, instance)):
                instance["status"] = "tainted"
    (folder / "tainted.tfstate").write_text(json.dumps(state))
    return "-state=tainted.tfstate"


def _address(resource: dict[str, Any], instance: dict[str, Any]) -> str:
    key = f'["{instance["index_key"]}"]' if "index_key" in instance else ""
    return f"{resource['type']}.{resource['name']}{key}" if resource["mode"] == "managed" else ""


def gcloud_calls() -> list[str]:
    """What the stand-in for gcloud was called with since the project was begun."""
    calls = Path(os.environ.get("TERRAFORM_OFFLINE", "/nowhere")) / "gcloud-calls"
    return calls.read_text().splitlines() if calls.exists() else []


def main(script: Path, result: Path) -> None:
    """Run the steps up to the first that fails; write what each said and the calls of gcloud."""
    said: dict[str, Any] = {}
    earlier = len(gcloud_calls())
    for step in json.loads(script.read_text()):
        folder, pattern = Path(step["folder"]), step["tainted"]
        state = (tainted(folder, pattern),) if pattern else ()
        said[step["name"]] = terraform(folder, *step["arguments"], *state)
        if said[step["name"]]["code"] not in step["codes"]:
            break
    result.write_text(json.dumps({"steps": said, "gcloud": gcloud_calls()[earlier:]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
