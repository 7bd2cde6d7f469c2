"""The environment as frozen Settings: one table, one clear sentence for each mistake."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from urgency.errors import SettingsError


def _setting(
    about: str,
    parse: Callable[[str], Any] = str.strip,
    default: Any = "",
    *,
    variables: str = "",
    recipe: bool = False,
    is_secret: bool = False,
) -> Any:
    """A row of the table; `recipe`: it decides what a model becomes; `is_secret`: never shown.

    variables: names by precedence, where they are not URGENCY_ and the field's name.
    """
    metadata = {
        "about": about,
        "parse": parse,
        "recipe": recipe,
        "variables": variables,
        "is_secret": is_secret,
    }
    return field(default=default, metadata=metadata, repr=not is_secret)


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


def _secrets(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.strip().partition("=") for part in text.split(",") if part.strip()]
    if any(not name or not secret for name, _, secret in pairs):
        raise ValueError("write helpdesk=secret pairs with commas between")
    return tuple((name.strip().lower(), secret.strip()) for name, _, secret in pairs)


def _level(text: str) -> str:
    if text not in ("info", "debug"):
        raise ValueError("it is info or debug")
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of every process; each process names those that it cannot do without."""

    project: str = _setting(
        "Google Cloud project id", variables="URGENCY_PROJECT GOOGLE_CLOUD_PROJECT"
    )
    region: str = _setting("region of job, functions and service")
    landing_bucket: str = _setting("bucket in which CSVs land and receipts answer")
    registry_bucket: str = _setting("bucket of snapshots, models and verdicts")
    control_bucket: str = _setting("bucket of the release pointer and the lease")
    observed_bucket: str = _setting("bucket of what the service counted, for drift")
    release_topic: str = _setting("Pub/Sub topic for ModelReleased, without the project")
    feedback_topic: str = _setting(
        "Pub/Sub topic for labels that people send; empty: the service takes none"
    )
    train_job: str = _setting("name of the Cloud Run job that trains")
    score_job: str = _setting("name of the Cloud Run job that scores archives", default="score")
    reload_url: str = _setting("address of the service's reload hook", _url)
    reload_audience: str = _setting("audience that reload tokens are made for")
    reload_caller: str = _setting("e-mail of the one identity that may call the reload hook")
    scored_topic: str = _setting("Pub/Sub topic for TicketScored, without the project")
    webhook_secret: tuple[tuple[str, str], ...] = _setting(
        "secrets of webhooks, as in zendesk=a,github=b", _secrets, (), is_secret=True
    )
    webhook_fields: tuple[tuple[str, str], ...] = _setting(
        "where a generic webhook has a ticket's members, as in title=data.subject", _aliases, ()
    )
    service_url: str = _setting(
        "address of the prediction service, for the command line, webhooks and notices", _url
    )
    notices_topic: str = _setting("Pub/Sub topic for Notice, without the project; empty: none")
    notices_url: str = _setting(
        "where notices are posted, as in https://hooks.slack.com/...; empty: they are only logged",
        _url,
        is_secret=True,
    )
    runbook: str = _setting("docs/operations.md as people open it", default="docs/operations.md")
    dead_letters: str = _setting("subscription of undeliverable messages, for the command line")
    log_view: str = _setting("view of Cloud Logging, in full, for the command line")
    containers: tuple[str, ...] = _setting(
        "names of job, service and functions, with commas between, for the command line", _words, ()
    )
    mlflow_service: str = _setting(
        "Cloud Run service of MLflow's tracking server, for the command line; empty: none"
    )

    missed_cost: float | None = _setting(
        "false alarms that one missed urgent ticket is worth; empty: the cut of best F1",
        _positive,
        None,
        recipe=True,
    )
    capacity_per_day: int = _setting(
        "tickets a day that can be read at once; 0: no limit", _count, 0, recipe=True
    )
    review_band: tuple[float, float] | None = _setting(
        "probabilities labelled review, as in 0.2-0.4; empty: none", _band, None, recipe=True
    )
    min_rows: int = _setting(
        "accepted rows below which no model is judged", _count, 200, recipe=True
    )
    most_tickets: int = _setting(
        "tickets that a model is made of and judged on, those of the smallest hashes; 0: all",
        _count,
        1_250_000,
        recipe=True,
    )
    column_aliases: tuple[tuple[str, str], ...] = _setting(
        "more CSV headers, as in betreff=title,text=description", _aliases, (), recipe=True
    )

    urgent_labels: tuple[str, ...] = _setting(
        "more label values that are urgent, with commas between", _words, (), recipe=True
    )
    other_labels: tuple[str, ...] = _setting(
        "more label values that are not urgent, with commas between", _words, (), recipe=True
    )

    storage_endpoint: str = _setting("Cloud Storage API; empty: Google's", _url)
    pubsub_endpoint: str = _setting("Pub/Sub API; empty: Google's", _url)
    run_endpoint: str = _setting("Cloud Run API; empty: Google's", _url)
    logging_endpoint: str = _setting("Cloud Logging API; empty: Google's", _url)
    certs_url: str = _setting(
        "certificates of ID tokens", _url, "https://www.googleapis.com/oauth2/v1/certs"
    )

    baked_bundle: str = _setting("folder of a bundle inside the image, for a cold start")
    disk_copy: str = _setting("folder that keeps the last good bundle; a laptop or VM only")
    log_level: str = _setting("info, or debug for a line a request of the service", _level, "info")
    pointer_soft_s: float = _setting(
        "pointer's age in s at which one request checks it", _positive, 5.0
    )
    pointer_hard_s: float = _setting(
        "pointer's age in s at which all requests wait for a check", _positive, 30.0
    )
    lease_s: float = _setting("a training's lease in s, unless renewed", _positive, 600.0)
    task_timeout_s: float = _setting("the job's task timeout in s", _positive, 3600.0)
    mlflow_tracking_uri: str = _setting(
        "tracking server that runs are logged to; empty: none", variables="MLFLOW_TRACKING_URI"
    )
    crash_at: str = _setting("crash point to die at, name[:occurrence]; local stack only")

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
        variable, text = _first_set(variables_of(row), environ)
        if text:
            shown = "..." if row.metadata["is_secret"] else text
            values[row.name] = _parsed(variable, text, row.metadata["parse"], shown)
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


def variables_of(row: Field[Any]) -> list[str]:
    """The environment variables of a field of Settings, by precedence."""
    names: str = row.metadata["variables"]
    return names.split() or [f"URGENCY_{row.name.upper()}"]


def recipe_settings(settings: Settings) -> dict[str, Any]:
    """The settings that decide what a model becomes, by name."""
    return {
        row.name: getattr(settings, row.name) for row in fields(Settings) if row.metadata["recipe"]
    }


def _first_set(variables: list[str], environ: Mapping[str, str]) -> tuple[str, str]:
    found = ((variable, environ.get(variable, "").strip()) for variable in variables)
    return next((pair for pair in found if pair[1]), (variables[0], ""))


def _parsed(variable: str, text: str, parse: Callable[[str], Any], shown: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise SettingsError(f"{variable}={shown!r} is malformed: {error}.") from None
