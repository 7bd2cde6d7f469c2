"""Named projects: made of Terraform's output, chosen by name, and never mixed with the shell's."""

from __future__ import annotations

import ast
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cli import context
from cli.__main__ import main
from cli.context import System, reach, reach_to_change
from cli.profiles import NEEDED, PLACES, add_profile, folder, read_profile
from cli.usage_error import UsageError
from cli.verb_group import PANELS, VERBS
from infra.local.containers import operator_environment
from tests.cli.operator_world import two_versions
from tests.infra.committed import committed
from tests.support.cloud.live_stack import CHECKOUT, run, user_environment
from tests.support.cloud.whole_cloud import cloud
from tests.test_repository import SHELL_BLOCK
from urgency.errors import SettingsError

CHANGES = {"dead-letters", "drop", "feedback", "promote", "resume", "rm", "rollback", "score"}
CHANGES |= {"train"}
LOOKS = {"card", "compare", "doctor", "ls", "mlflow", "models", "predict", "receipts", "replay"}
LOOKS |= {"drift", "label", "logs", "quality", "status", "why"}
THIS_MACHINE = {"up", "down", "demo", "profile"}

PROD = json.dumps(committed("everything")["outputs"]["settings"])
DEV = PROD.replace("helpdesk-prod", "helpdesk-dev")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment with the profiles dev and prod; whoever is reached is made of memory."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    add_profile("dev", DEV, environ)
    add_profile("prod", PROD, environ)

    def system(_settings: object, _identity: object, place: str, _local: object) -> System:
        return replace(two_versions().system, place=place)

    monkeypatch.setattr(context, "_system", system)
    monkeypatch.setattr(context.credentials, "find_credentials", lambda _environ: None)
    return environ


def test_what_terraform_prints_is_a_profile(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert add_profile("prod", PROD, environ) == tmp_path / "urgency/prod.json"
    settings = read_profile("prod", environ)
    assert settings["URGENCY_PROJECT"] == "helpdesk-prod"
    assert settings["URGENCY_MLFLOW_SERVICE"].endswith("mlflow")
    assert settings.keys() <= set(PLACES)


def test_without_a_folder_of_settings_it_is_the_homes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "somebodys")
    assert str(folder({})) == "somebodys/.config/urgency"


def test_a_profile_that_is_not_there_is_told_with_those_that_are(home: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"no profile 'live'.*dev, prod.*profile add live"):
        reach(home | {"URGENCY_PROFILE": "live"})


@pytest.mark.parametrize("name", ["", "../prod", "a b", ".hidden"])
def test_a_name_is_one_of_a_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name"):
        add_profile(name, PROD, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no JSON object"),
        ('"export URGENCY_PROJECT=x"', "no JSON object"),
        ('{"URGENCY_PROJECT": {"value": "x"}}', "no JSON object"),
        ('{"URGENCY_PROJECT": "some-project"}', "URGENCY_REGION is not set"),
        (PROD.replace("URGENCY_DEAD_LETTERS", "LD_PRELOAD"), "unknown settings, LD_PRELOAD"),
        (PROD.replace("https://", "over "), "malformed"),
    ],
)
def test_what_is_no_profile_is_refused_and_not_written(
    text: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises((UsageError, SettingsError), match=sentence):
        add_profile("prod", text, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert list(tmp_path.rglob("*")) == []


def test_a_name_keeps_its_project(home: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"prod means project helpdesk-prod.*helpdesk-dev"):
        add_profile("prod", DEV, home)
    later = PROD.replace("europe-west1", "europe-west4")
    add_profile("prod", later, home)
    assert read_profile("prod", home)["URGENCY_REGION"] == "europe-west4"


def test_a_verb_that_changes_says_where_first(
    home: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    reach_to_change(home | {"URGENCY_PROFILE": "prod"})
    printed = capsys.readouterr()
    assert printed == ("", "In the project helpdesk-prod (profile prod):\n")


def test_a_verb_that_changes_stops_between_a_profile_and_another_environment(
    home: dict[str, str],
) -> None:
    environ = home | json.loads(DEV) | {"URGENCY_PROFILE": "prod"}
    with pytest.raises(
        UsageError, match=r"means project helpdesk-prod.*PROJECT=helpdesk-dev"
    ) as told:
        reach_to_change(environ)
    assert "Nothing was changed" in str(told.value)


def test_a_verb_that_looks_says_so_and_takes_the_profile_whole(
    home: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"URGENCY_LANDING_BUCKET": "other", "URGENCY_STORAGE_ENDPOINT": "http://127.0.0.1:1"}
    environ = home | other | {"URGENCY_PROFILE": "dev"}
    assert reach(environ).place == "project helpdesk-dev (profile dev)"
    said = capsys.readouterr().err
    assert "The profile dev counts" in said
    assert "URGENCY_LANDING_BUCKET=other" in said
    assert environ["URGENCY_LANDING_BUCKET"] == json.loads(DEV)["URGENCY_LANDING_BUCKET"]
    assert "URGENCY_STORAGE_ENDPOINT" not in environ


def test_an_environment_that_agrees_is_no_conflict(
    home: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    environ = home | json.loads(PROD) | {"URGENCY_PROFILE": "prod"}
    reach_to_change(environ)
    reach_to_change(environ)
    assert "counts" not in capsys.readouterr().err


def test_the_option_comes_before_the_variable_and_json_stays_clean(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (*PLACES, "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.setenv(name, "")  # so that what the command adds is taken away again
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", home["XDG_CONFIG_HOME"])
    monkeypatch.setenv("URGENCY_PROFILE", "dev")
    asked = ["--project", "prod", "train", "--json"]
    _, out, said = urgency(asked, monkeypatch, capsys)
    assert json.loads(out) == {"execution": "train-1", "state": "running"}
    assert said == "In the project helpdesk-prod (profile prod):\n"
    ended, out, _ = urgency(["--project", "prod", "status", "--json"], monkeypatch, capsys)
    assert (ended, json.loads(out)["place"]) == (0, "project helpdesk-prod (profile prod)")


def test_the_verb_adds_and_lists_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("URGENCY_PROFILE", "prod")
    monkeypatch.setattr("sys.stdin", io.StringIO(PROD))
    ended, out, _ = urgency(["profile", "add", "prod"], monkeypatch, capsys)
    assert ended == 0
    assert "means project helpdesk-prod" in out
    (found,) = json.loads(urgency(["profile", "--json"], monkeypatch, capsys)[1])
    assert (found["name"], found["project"], found["chosen"]) == ("prod", "helpdesk-prod", True)
    assert urgency(["profile", "add"], monkeypatch, capsys)[0] == 2


@pytest.mark.parametrize("names", [CHANGES, LOOKS])
def test_verbs_reach_the_system_by_what_they_do(names: set[str]) -> None:
    for name in names:
        called = {
            node.func.id
            for node in ast.walk(ast.parse((VERBS / f"{name.replace('-', '_')}.py").read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert ("reach_to_change" in called) == (name in CHANGES), name


def test_every_verb_says_whether_it_changes_something() -> None:
    assert {*CHANGES, *LOOKS, *THIS_MACHINE} == {name for each in PANELS.values() for name in each}


def test_a_profile_has_all_that_a_project_needs() -> None:
    names = {f"URGENCY_{name.upper()}" for name in NEEDED}
    for environment in ("as-it-comes", "everything"):
        assert names <= committed(environment)["outputs"]["settings"].keys()


def urgency(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str, str]:
    """Exit code, output and errors of the command in this process."""
    monkeypatch.setattr("sys.argv", ["urgency", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, *capsys.readouterr()


def test_the_commands_of_the_page_make_a_profile_and_use_it(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs/deploy.md").read_text()
    block = next(each for each in SHELL_BLOCK.findall(page) if "urgency profile add" in each)
    with cloud(tmp_path / "cloud") as place:
        identity = place.identity.environment("operator", place.url.removeprefix("http://"))
        settings = operator_environment(
            place.wiring, pocket=place.url, service=place.url, identity={}
        )
        printed = {name: value for name, value in settings.items() if name in PLACES}
        (tmp_path / "terraform").write_text(
            f"#!/bin/sh\n[ \"$*\" = '-chdir=infra output -json settings' ] || exit 9\n"
            f"echo '{json.dumps(printed)}'\n"
        )
        (tmp_path / "terraform").chmod(0o755)
        environ = user_environment(tmp_path / "home") | identity
        environ |= {"XDG_CONFIG_HOME": str(tmp_path), "PATH": f"{tmp_path}:{environ['PATH']}"}
        ended = run(["bash", "-euc", block], environ)
    assert ended.code == 0, ended.err
    assert "project local-helpdesk (profile prod)" in ended.out
