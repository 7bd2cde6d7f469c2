"""Profiles: a project's settings under a name, so that a command says which project it means.

A profile is what `terraform output -json settings` prints, in the file `NAME.json` of a folder.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from cli.usage_error import UsageError
from urgency.settings import Settings, read_settings, variables_of

CHOSEN = "URGENCY_PROFILE"
NEEDED = (
    *("project", "region", "landing_bucket", "registry_bucket", "control_bucket"),
    *("release_topic", "train_job", "service_url"),
)
"""Fields of Settings that no project in the cloud can do without."""

PLACES = tuple(
    f"URGENCY_{name.upper()}"
    for name in (
        *(
            *NEEDED,
            "dead_letters",
            "observed_bucket",
            "mlflow_service",
            "score_job",
            "log_view",
            "containers",
        ),
        *("storage_endpoint", "pubsub_endpoint", "run_endpoint", "logging_endpoint"),
    )
)
"""Settings that say where things are: those of two projects are never mixed."""

NAME = re.compile(r"\w[\w.-]*", re.ASCII)
MAKE_ONE = "terraform -chdir=infra output -json settings | urgency profile add"


def folder(environ: Mapping[str, str]) -> Path:
    """Where profiles lie."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "urgency")


def profiles(environ: Mapping[str, str]) -> dict[str, Path]:
    """Every profile's file, by name."""
    return {file.stem: file for file in sorted(folder(environ).glob("*.json"))}


def read_profile(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of a profile. Raises UsageError or SettingsError."""
    known = profiles(environ)
    if name not in known:
        there = f"there are: {', '.join(known)}" if known else "there is none yet"
        where = f"There is no profile {name!r} in {folder(environ)}; {there}."
        raise UsageError(f"{where} Make it: {MAKE_ONE} {name}")
    return parsed(known[name].read_text(), f"The profile {known[name]}")


def add_profile(name: str, text: str, environ: Mapping[str, str]) -> Path:
    """Write a profile, whose file is returned. Raises UsageError or SettingsError."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name: use letters, digits, dots and hyphens.")
    settings = parsed(text, "What was read")
    file = folder(environ) / f"{name}.json"
    if file.exists():
        before, now = (each["URGENCY_PROJECT"] for each in (read_profile(name, environ), settings))
        if before != now:
            differs = f"The profile {name} means project {before}, and this is project {now}"
            raise UsageError(f"{differs}: choose another name, or delete {file} first.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(settings, indent=2) + "\n")
    return file


def parsed(text: str, what: str) -> dict[str, str]:
    """A profile's settings, all that a project needs. Raises UsageError or SettingsError."""
    try:
        settings = json.loads(text)
    except ValueError:
        settings = None
    if not isinstance(settings, dict) or not all(isinstance(v, str) for v in settings.values()):
        raise UsageError(f"{what} is no JSON object of settings. Make it: {MAKE_ONE} NAME")
    known = {variable for row in fields(Settings) for variable in variables_of(row)}
    if unknown := sorted(settings.keys() - known):
        newer = "a newer release of this command may know them"
        raise UsageError(f"{what} has unknown settings, {', '.join(unknown)}: {newer}.")
    read_settings(settings, *NEEDED)
    return settings


def differing(profile: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    """The variables of the environment that name another place than the profile."""
    return [name for name in PLACES if environ.get(name) and environ[name] != profile.get(name)]
