"""What the images are made of: pinned, proposed anew each week, looked up in the advisories."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask, request

from tests.support.cloud.pocket import served
from tests.support.tools import tool, uv

CHECKOUT = Path(__file__).parents[1]
PARTS = ["service", "jobs", "infra/beam", "infra/mlflow"]
PINNED = re.compile(r"python:3\.13-slim@sha256:[0-9a-f]{64}")
LOCKED = tomllib.loads((CHECKOUT / "uv.lock").read_text())["package"]
BEAM = next(one["version"] for one in LOCKED if one["name"] == "apache-beam")
HARNESS = f"apache/beam_python3.13_sdk:{BEAM}"
UPDATES = {
    each["package-ecosystem"]: each
    for each in yaml.safe_load((CHECKOUT / ".github/dependabot.yml").read_text())["updates"]
}


def froms(part: str) -> list[str]:
    return re.findall(r"^FROM (\S+)", (CHECKOUT / part / "Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("part", PARTS)
def test_an_image_has_a_base_by_digest_unless_another_one_is_asked_for(part: str) -> None:
    first, *others = froms(part)
    assert PINNED.fullmatch(first)
    assert set(others) <= {"${PYTHON_IMAGE}", "serving", "pipelines", HARNESS}
    dockerfile = (CHECKOUT / part / "Dockerfile").read_text()
    assert f"ARG PYTHON_IMAGE=pinned\nFROM {first} AS pinned\n" in dockerfile


def test_all_images_have_one_base_and_no_dockerfile_is_forgotten() -> None:
    assert len({froms(part)[0] for part in PARTS}) == 1
    listed = ["git", "ls-files", "*Dockerfile"]
    tracked = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert sorted(tracked.stdout.split()) == sorted(f"{part}/Dockerfile" for part in PARTS)


def test_a_workers_harness_is_of_the_pipelines_beam() -> None:
    assert HARNESS in froms("infra/beam")
    assert f"apache-beam=={BEAM} " in (CHECKOUT / "infra/beam/requirements.txt").read_text()


def test_newer_bases_actions_and_packages_are_proposed() -> None:
    assert UPDATES.keys() == {"github-actions", "docker", "uv"}
    assert sorted(UPDATES["docker"]["directories"]) == sorted(f"/{part}" for part in PARTS)


def test_every_image_is_pushed_with_the_list_of_what_is_inside() -> None:
    builds = [
        step["args"]
        for file in ("cloudbuild.yaml", "infra/image.yaml")
        for step in yaml.safe_load((CHECKOUT / file).read_text())["steps"]
        if step.get("args", [])[:2] == ["buildx", "build"]
    ]
    assert len(builds) == 3
    for arguments in builds:
        assert {"--sbom=true", "--provenance=mode=max", "--push"} <= set(arguments)


@pytest.mark.parametrize("part", ["functions", *PARTS])
def test_every_package_has_one_version_and_hashes(part: str) -> None:
    text = (CHECKOUT / part / "requirements.txt").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(lines) > 20
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:", line)] == []


def test_ci_looks_every_deployable_up_before_anything_is_tried() -> None:
    steps = {
        step["id"]: step
        for step in yaml.safe_load((CHECKOUT / "cloudbuild.yaml").read_text())["steps"]
    }
    assert (steps["audit"]["entrypoint"], steps["audit"]["args"]) == ("make", ["audit"])
    assert "audit" in steps["candidate"]["waitFor"]
    workflow = yaml.safe_load((CHECKOUT / ".github/workflows/audit.yaml").read_text())
    assert workflow["jobs"]["audit"]["steps"][-1] == {"run": "make audit"}
    assert {"pull_request", "schedule"} == workflow[True].keys()


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two packages of the function's, pinned as they are there."""
    tool("pip-audit", "pip-audit==2.10.1")
    folder = tmp_path_factory.mktemp("audited")
    text = (CHECKOUT / "functions/requirements.txt").read_text()
    blocks = re.findall(r"^(?:flask|werkzeug)==.*\n(?:    .*\n)+", text, re.MULTILINE)
    assert len(blocks) == 2
    (folder / "requirements.txt").write_text("".join(blocks))
    return folder


@contextmanager
def advisories(*names: str) -> Iterator[tuple[str, list[str]]]:
    """osv.dev on this machine, with an advisory for these packages, and who was asked about."""
    app, asked = Flask("osv"), list[str]()

    def query() -> dict[str, Any]:
        package = json.loads(request.data)["package"]
        asked.append(package["name"])
        found = {"id": "PYSEC-2026-1", "affected": [{"package": package}]}
        return {"vulns": [found]} if package["name"] in names else {}

    app.add_url_rule("/v1/query", view_func=query, methods=["POST"])
    with served(app) as address:
        yield f"http://{address}/v1/query", asked


@pytest.mark.slow
@pytest.mark.parametrize(("weak", "ends_well"), [("", True), ("werkzeug", False)])
def test_an_advisory_for_a_pinned_package_fails_the_audit(
    audited: Path, weak: str, ends_well: bool
) -> None:
    with advisories(weak) as (url, asked):
        ended = audit(audited, f"--osv-url {url} --cache-dir {audited / weak / 'cache'}")
    assert sorted(set(asked)) == ["flask", "werkzeug"]
    assert (ended.returncode == 0) == ends_well, ended.stderr
    assert ("PYSEC-2026-1" in ended.stdout) != ends_well


@pytest.mark.slow
def test_an_audit_that_reaches_no_advisories_fails(audited: Path) -> None:
    cache = audited / "none"
    ended = audit(audited, f"--osv-url http://127.0.0.1:1/v1/query --cache-dir {cache}")
    assert ended.returncode != 0


def audit(folder: Path, options: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "audit", f"UV={uv()}", f"PARTS={folder}", f"AUDIT={options}"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
