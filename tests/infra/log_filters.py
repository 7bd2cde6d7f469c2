"""The log filters of infra/*.tf, read from their text: no provider is needed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from infra.local.wiring import Wiring

INFRA = Path(__file__).parents[2] / "infra"
STRING = r'"((?:[^"\\]|\\.)*)"'
BLOCK = re.compile(
    r'^resource "(google_logging_(?:metric|project_sink)|google_monitoring_alert_policy)"'
    r' "(\w+)" \{\n(.*?)^\}',
    re.M | re.S,
)
LOCAL = re.compile(rf"^  (of_\w+)\s*= {STRING}$", re.M)


@dataclass(frozen=True)
class LogFilter:
    """One filter on log entries; `extracts` are the fields that a metric takes from an entry."""

    name: str
    filter: str
    extracts: tuple[str, ...]


def log_filters(wiring: Wiring) -> dict[str, LogFilter]:
    """Every metric, alert and sink on logs by its Terraform name, with `wiring`'s names."""
    text = "\n".join(file.read_text() for file in sorted(INFRA.glob("*.tf")))
    names = {
        "google_cloud_run_v2_job.train.name": wiring.job("train").name,
        "google_cloud_run_v2_job.drift.name": wiring.job("drift").name,
        "google_cloud_run_v2_service.api.name": wiring.services[0].name,
    }
    names |= {"local.landed": wiring.functions[0].name, "local.released": wiring.functions[1].name}
    names |= {f"local.{name}": _filled(value, names) for name, value in LOCAL.findall(text)}
    return {
        name: _log_filter(name, body, names)
        for kind, name, body in BLOCK.findall(text)
        if _is_on_logs(kind, body)
    }


def _is_on_logs(kind: str, body: str) -> bool:
    return kind.startswith("google_logging_") or "condition_matched_log" in body


def _log_filter(name: str, body: str, names: dict[str, str]) -> LogFilter:
    [text] = re.findall(rf"^\s+filter\s*= {STRING}$", body, re.M)
    return LogFilter(name, _filled(text, names), tuple(re.findall(r"EXTRACT\([\w.]+\)", body)))


def _filled(text: str, names: dict[str, str]) -> str:
    """A quoted string of HCL with its references filled in. Raises KeyError for an unknown one."""
    return re.sub(r"\$\{([\w.]+)\}", lambda found: names[found[1]], str(json.loads(f'"{text}"')))
