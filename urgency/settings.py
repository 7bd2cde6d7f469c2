"""The environment as frozen Settings: one table, read once at start, with one clear sentence for
each mistake.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from urgency.errors import SettingsError


def _setting(
    variables: str,
    about: str,
    parse: Callable[[str], Any] = str.strip,
    default: Any = "",
    *,
    recipe: bool = False,
) -> Any:
    """A row of the table. `variables`: names in order of precedence. `recipe`: it decides what a
    model becomes.
    """
    return field(
        default=default,
        metadata={"variables": variables.split(), "about": about, "parse": parse, "recipe": recipe},
    )


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError("it has to be a number above 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("it has to be a whole number, 0 or above")
    return number


def _band(text: str) -> tuple[float, float]:
    low, high = (float(part) for part in text.split("-"))
    if not 0 <= low < high <= 1:
        raise ValueError("write two probabilities, the lower first, as in 0.2-0.4")
    return low, high


def _url(text: str) -> str:
    address = text.strip().rstrip("/")
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
        raise ValueError("it has to be an address that begins with https://")
    return address


def _aliases(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.split("=") for part in text.split(",") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            "write header=column pairs with commas between, as in betreff=title,text=description"
        )
    return tuple((header.strip().casefold(), column.strip()) for header, column in pairs)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of every process; each process names those that it cannot do without."""

    project: str = _setting("URGENCY_PROJECT GOOGLE_CLOUD_PROJECT", "Google Cloud project id")
    region: str = _setting("URGENCY_REGION", "region of job, functions and service")
    landing_bucket: str = _setting(
        "URGENCY_LANDING_BUCKET", "bucket in which CSVs land and receipts answer"
    )
    registry_bucket: str = _setting(
        "URGENCY_REGISTRY_BUCKET", "bucket of snapshots, models and verdicts"
    )
    control_bucket: str = _setting(
        "URGENCY_CONTROL_BUCKET", "bucket of the release pointer and the lease"
    )
    release_topic: str = _setting(
        "URGENCY_RELEASE_TOPIC", "Pub/Sub topic for ModelReleased, without the project"
    )
    train_job: str = _setting("URGENCY_TRAIN_JOB", "name of the Cloud Run job that trains")
    reload_url: str = _setting("URGENCY_RELOAD_URL", "address of the service's reload hook", _url)
    reload_audience: str = _setting(
        "URGENCY_RELOAD_AUDIENCE", "audience that reload tokens are made for"
    )
    reload_caller: str = _setting(
        "URGENCY_RELOAD_CALLER", "e-mail of the one identity that may call the reload hook"
    )
    service_url: str = _setting(
        "URGENCY_SERVICE_URL", "address of the prediction service, for the command line", _url
    )
    dead_letters: str = _setting(
        "URGENCY_DEAD_LETTERS",
        "subscription that keeps undeliverable messages, for the command line",
    )

    missed_cost: float = _setting(
        "URGENCY_MISSED_COST",
        "false alarms that one missed urgent ticket is worth",
        _positive,
        5.0,
        recipe=True,
    )
    capacity_per_day: int = _setting(
        "URGENCY_CAPACITY_PER_DAY",
        "tickets a day that can be read at once; 0: no limit",
        _count,
        0,
        recipe=True,
    )
    review_band: tuple[float, float] | None = _setting(
        "URGENCY_REVIEW_BAND",
        "probabilities labelled review, as in 0.2-0.4; empty: none",
        _band,
        None,
        recipe=True,
    )
    min_rows: int = _setting(
        "URGENCY_MIN_ROWS", "accepted rows below which no model is judged", _count, 200, recipe=True
    )
    column_aliases: tuple[tuple[str, str], ...] = _setting(
        "URGENCY_COLUMN_ALIASES",
        "further CSV headers, as in betreff=title,text=description",
        _aliases,
        (),
        recipe=True,
    )

    storage_endpoint: str = _setting(
        "URGENCY_STORAGE_ENDPOINT", "Cloud Storage API; empty: Google's", _url
    )
    pubsub_endpoint: str = _setting("URGENCY_PUBSUB_ENDPOINT", "Pub/Sub API; empty: Google's", _url)
    run_endpoint: str = _setting("URGENCY_RUN_ENDPOINT", "Cloud Run API; empty: Google's", _url)
    certs_url: str = _setting(
        "URGENCY_CERTS_URL",
        "certificates of ID tokens",
        _url,
        "https://www.googleapis.com/oauth2/v1/certs",
    )

    baked_bundle: str = _setting(
        "URGENCY_BAKED_BUNDLE", "folder of a bundle inside the image, for a cold start"
    )
    disk_copy: str = _setting(
        "URGENCY_DISK_COPY", "folder that keeps the last good bundle; a laptop or VM only"
    )
    pointer_soft_s: float = _setting(
        "URGENCY_POINTER_SOFT_S",
        "pointer's age in s at which one request checks it",
        _positive,
        5.0,
    )
    pointer_hard_s: float = _setting(
        "URGENCY_POINTER_HARD_S", "pointer's age in s at which all wait for it", _positive, 30.0
    )
    lease_s: float = _setting(
        "URGENCY_LEASE_S", "how long in s a training's lease lasts unless renewed", _positive, 600.0
    )
    task_timeout_s: float = _setting(
        "URGENCY_TASK_TIMEOUT_S", "the job's task timeout in s", _positive, 3600.0
    )
    mlflow_tracking_uri: str = _setting(
        "MLFLOW_TRACKING_URI", "MLflow server that the job logs to; empty: none"
    )
    crash_at: str = _setting(
        "URGENCY_CRASH_AT", "crash point at which to die, name[:occurrence]; local stack only"
    )

    @property
    def is_local(self) -> bool:
        """Whether storage is served from this machine, as in the laptop's stack."""
        return urlsplit(self.storage_endpoint).hostname in ("127.0.0.1", "localhost", "::1")


def read_settings(environ: Mapping[str, str], *required: str) -> Settings:
    """Settings from `environ`; `required` are names of fields that must not be empty.

    Raises SettingsError, whose one sentence names the variable and says what it is for.
    """
    values = {}
    for row in fields(Settings):
        variable, text = _first_set(row.metadata["variables"], environ)
        if text:
            values[row.name] = _parsed(variable, text, row.metadata["parse"])
        elif row.name in required:
            raise SettingsError(f"{variable} is not set: {row.metadata['about']}.")
    return Settings(**values)


def settings_or_exit(environ: Mapping[str, str], *required: str) -> Settings:
    """Settings, or the end of this process with one sentence on standard error and exit code 2."""
    try:
        return read_settings(environ, *required)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  nothing else is running yet
        raise SystemExit(2) from None


def recipe_settings(settings: Settings) -> dict[str, Any]:
    """The settings that decide what a model becomes, by name."""
    return {
        row.name: getattr(settings, row.name) for row in fields(Settings) if row.metadata["recipe"]
    }


def _first_set(variables: list[str], environ: Mapping[str, str]) -> tuple[str, str]:
    found = ((variable, environ.get(variable, "").strip()) for variable in variables)
    return next((pair for pair in found if pair[1]), (variables[0], ""))


def _parsed(variable: str, text: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{variable}={text!r} is malformed: {error}.") from None
