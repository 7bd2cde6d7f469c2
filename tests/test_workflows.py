"""What contributors' machines and GitHub run: the same commands, pinned, with least permissions."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.tools import run, tool
from tests.test_repository import readme_commands

CHECKOUT = Path(__file__).parents[1]
FILES = {file.stem: file for file in (CHECKOUT / ".github/workflows").iterdir()}
WORKFLOWS: dict[str, dict[str, Any]] = {
    name: yaml.safe_load(file.read_text()) for name, file in FILES.items()
}
JOBS = [
    pytest.param(job, id=f"{workflow}-{name}")
    for workflow, content in WORKFLOWS.items()
    for name, job in content["jobs"].items()
]
TEST, DEPLOY = WORKFLOWS["test"]["jobs"], WORKFLOWS["deploy"]["jobs"]
CI_PAGE = (CHECKOUT / "docs/ci.md").read_text()

GCLOUD_COMMAND = re.compile(r"""gcloud (?:'[^'\n]*'|"[^"\n]*"|[^\n()'"])+""")
"""Up to the end of its line or of the `$(...)` around it."""

ON: Any = True
"""YAML 1.1 reads the word `on` as true."""


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", [str(file) for file in FILES.values()]),
        ("custom.github-workflows-require-timeout", [str(file) for file in FILES.values()]),
        ("vendor.dependabot", [".github/dependabot.yml"]),
    ],
)
def test_the_files_for_github_follow_their_published_schemas(schema: str, files: list[str]) -> None:
    check = tool("check-jsonschema", "check-jsonschema==0.39.0")
    code, output = run(check, "--builtin-schema", schema, *files)
    assert code == 0, output


def test_github_runs_exactly_the_two_commands_of_the_readme() -> None:
    run = [command for job in TEST.values() for command in commands(job)]
    assert run == [command for command in readme_commands() if command.startswith("make")]


def test_a_pull_request_is_tested_and_nothing_is_applied_on_main_before_the_tests() -> None:
    assert set(WORKFLOWS["test"][ON]) == {"pull_request", "workflow_call"}
    assert DEPLOY["test"]["uses"] == "./.github/workflows/test.yaml"
    assert DEPLOY["apply"]["needs"] == "test"
    assert DEPLOY["apply"]["environment"] == "production"
    assert WORKFLOWS["deploy"][ON]["push"] == {"branches": ["main"]}
    assert "github.event_name == 'push'" in DEPLOY["apply"]["if"]


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_every_action_is_pinned_by_its_commit_and_names_its_version(file: Path) -> None:
    for used in re.findall(r"uses: (.+)", file.read_text()):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\S+", used), used


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_starts_without_any_permission(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}


@pytest.mark.parametrize("job", JOBS)
def test_a_job_may_read_the_code_and_only_one_that_logs_in_gets_an_id_token(
    job: dict[str, Any],
) -> None:
    actions = [step.get("uses", "") for step in job.get("steps", [])]
    logs_in = any(action.startswith("google-github-actions/auth@") for action in actions)
    token = {"id-token": "write"} if logs_in else {}
    assert job["permissions"] == {"contents": "read", **token}


@pytest.mark.parametrize("job", JOBS)
def test_git_leaves_no_token_for_the_commands_that_follow(job: dict[str, Any]) -> None:
    for step in job.get("steps", []):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_no_workflow_reads_a_secret_and_no_command_is_put_together_from_expressions(
    file: Path,
) -> None:
    text = file.read_text()
    assert "secrets." not in text
    assert "credentials_json" not in text
    assert not re.search(r"run:.*\$\{\{", text)


def test_every_variable_of_the_workflows_is_explained_and_none_is_explained_in_vain() -> None:
    used = {
        name for file in FILES.values() for name in re.findall(r"vars\.(\w+)", file.read_text())
    }
    assert used == set(re.findall(r"`(GCP_\w+)`", CI_PAGE))


def test_a_plan_is_made_by_a_reader_and_never_for_a_fork() -> None:
    logins = {
        name: step["with"]["service_account"].partition("@")[0]
        for name in ("plan", "apply")
        for step in DEPLOY[name]["steps"]
        if "service_account" in step.get("with", {})
    }
    assert logins == {"plan": "urgency-planner", "apply": "urgency-deployer"}
    assert "head.repo.full_name == github.repository" in DEPLOY["plan"]["if"]
    assert not any("terraform apply" in command for command in commands(DEPLOY["plan"]))


def test_what_is_released_is_released_by_the_one_build() -> None:
    [command] = commands(DEPLOY["apply"])
    assert command.startswith("gcloud builds submit ")
    assert "--config cloudbuild.yaml" in command
    assert not any("terraform" in one for one in commands(DEPLOY["apply"]))


def test_terraform_has_the_version_of_the_other_build() -> None:
    other = re.search(r"hashicorp/terraform:(\d+\.\d+)", (CHECKOUT / "cloudbuild.yaml").read_text())
    assert other
    steps = DEPLOY["plan"]["steps"]
    assert f"~{other[1]}.0" in [step.get("with", {}).get("terraform_version") for step in steps]


def test_gcloud_knows_every_flag_of_the_commands_around_ci(tmp_path: Path) -> None:
    gcloud = shutil.which("gcloud")
    if not gcloud:
        pytest.skip("skipped: gcloud is not installed")
    blocks = "".join(re.findall(r"^```text\n(.*?)^```", CI_PAGE, re.MULTILINE | re.DOTALL))
    script = (CHECKOUT / "infra/environments/use.sh").read_text()
    script = re.sub(r" (>|\|\||#).*", "", script)
    lines = "\n".join([blocks.replace("\\\n", " "), script, *commands(DEPLOY["apply"])])
    shown = sorted(set(GCLOUD_COMMAND.findall(re.sub(r"\$\w+", "a1", lines))))
    wrong = "gcloud iam service-accounts create planner --no-such-flag"
    file = tmp_path / "commands.json"
    file.write_text(json.dumps([{"command_string": command} for command in [*shown, wrong]]))
    lint = [gcloud, "meta", "lint-gcloud-commands", f"--commands-file={file}"]
    found = json.loads(subprocess.run(lint, capture_output=True, text=True, check=True).stdout)
    *errors, expected = [one["error_message"] for one in found]
    assert len(shown) >= 5
    assert not any(errors), dict(zip(shown, errors, strict=True))
    assert "unrecognized arguments" in expected


def test_the_hooks_before_a_commit_are_the_commands_of_make_lint() -> None:
    recipe = re.search(
        r"^lint:.*\n((?:\t.*\n)+)", (CHECKOUT / "Makefile").read_text(), re.MULTILINE
    )
    assert recipe
    lint = [line.strip().removeprefix("@") for line in recipe[1].splitlines()]
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    entries = [re.sub(r'^sh -c "(.*)"$', r"\1", hook["entry"]) for hook in hooks]
    assert entries == [line.replace("$(RUN)", ".venv/bin") for line in lint]
    assert {repo["repo"] for repo in config["repos"]} == {"local"}


@pytest.mark.parametrize("program", ["prek", "pre-commit"])
def test_both_programs_understand_the_hooks(program: str) -> None:
    versions = {"prek": "prek==0.5.11", "pre-commit": "pre-commit==4.7.0"}
    runner = tool(program, versions[program])
    code, output = run(runner, "validate-config", ".pre-commit-config.yaml")
    assert code == 0, output


def test_the_development_container_has_the_images_python_and_takes_nothing_from_its_host() -> None:
    container = json.loads((CHECKOUT / ".devcontainer/devcontainer.json").read_text())
    base = re.search(r"^FROM python:(\S+)-slim@", _dockerfile(), re.MULTILINE)
    assert base
    assert container["image"].endswith(f"/python:{base[1]}")
    assert container["postCreateCommand"] == "make .venv/dev"
    assert container["forwardPorts"] == []
    assert not {"mounts", "runArgs", "containerEnv", "secrets", "features"} & set(container)
    assert container["remoteEnv"] == {"SSH_AUTH_SOCK": ""}


def _dockerfile() -> str:
    return (CHECKOUT / "service/Dockerfile").read_text()
