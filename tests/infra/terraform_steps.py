"""What is done to an installation, step by step, in a simulated project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)"', re.MULTILINE)
NEWER = re.compile(
    r"^(google_logging_metric\.(held|model_age|serving)|google_monitoring_alert_policy\.logged"
    r"|google_monitoring_dashboard\.|terraform_data\.protect$)"
)
"""What an older release did not have: metrics, alerts on them, and what depends on those."""

REPLACED = {
    "as-it-comes": r'cloudfunctions2_function\.this\["on-csv-landed"\]|cloud_run_v2_job\.train$'
    r"|cloud_run_v2_service\.api|storage_bucket_object\.",
    "everything": r"artifact_registry_repository\.|cloud_run_v2_(job|service)\.|cloudfunctions2_"
    r"|logging_log_view\.|pubsub_(subscription|topic)\.|service_account\.",
}
"""What one plan makes anew: what a release can replace; all that grants are on.

A bucket is not made anew under its name (infra/storage.tf).
"""


ELSEWHERE = {"project_id": "another-project", "name_prefix": "other-", "region": "us-east1"}
"""What tells one installation from another."""


@dataclass(frozen=True)
class Step:
    """One verb in one copy of infra/; every exit code but `codes` ends the script.

    tainted: what the verb finds tainted, in a copy of the state; a pattern for Google's addresses.
    """

    name: str
    folder: str
    arguments: tuple[str, ...]
    codes: tuple[int, ...] = (0,)
    tainted: str = ""


def circle(
    folder: Path, variables: Mapping[str, Any], last: Mapping[str, Any], replaced: str
) -> list[Step]:
    """Empty project, plan, apply, second plan, the state, the variables `last`, destroy.

    replaced: what one plan makes anew, a pattern for addresses.
    """
    first, changed = _given(folder, "first", variables), _given(folder, "last", last)
    return [
        _step(folder, "init"),
        _step(folder, "plan", *first, "-out=../first.tfplan"),
        _step(folder, "apply", "-input=false", "../first.tfplan"),
        _step(folder, "show", "-json"),
        _step(folder, "second plan", *first, "-detailed-exitcode", codes=(0, 2)),
        _step(folder, "replace", *first, "-out=../replaced.tfplan", verb="plan", tainted=replaced),
        _step(folder, "replaced", "-json", "../replaced.tfplan", verb="show"),
        *(_mishaps(folder, first) if variables.get("protect") else _elsewhere(folder, variables)),
        _step(folder, "change", *changed, "-auto-approve", verb="apply"),
        _step(folder, "third plan", *changed, "-detailed-exitcode", codes=(0, 2)),
        _step(folder, "destroy", *changed, "-auto-approve"),
        _step(folder, "left", "-json", verb="show"),
    ]


def changes(folder: Path, variables: Sequence[Mapping[str, Any]]) -> list[Step]:
    """One installation with these variables after each other, each planned again; then nothing."""
    steps = [_step(folder, "init")]
    for number, given in enumerate(variables):
        these = _given(folder, f"{number}", given)
        steps.append(_step(folder, f"{number} apply", *these, "-auto-approve"))
        again = (*these, "-detailed-exitcode")
        steps.append(_step(folder, f"{number} plan", *again, codes=(0, 2)))
    return [
        *steps,
        _step(folder, "destroy", *these, "-auto-approve"),
        _step(folder, "left", "-json", verb="show"),
    ]


def neighbours(ours: Path, theirs: Path, variables: Mapping[str, Any], prefix: str) -> list[Step]:
    """Two installations in one project; that with `prefix` grows out of an older release."""
    here = _given(ours, "here", variables)
    there = _given(theirs, "there", {**variables, "name_prefix": prefix})
    older = [f"-target={address}" for address in addresses(theirs) if not NEWER.match(address)]
    return [
        _step(ours, "init"),
        _step(ours, "apply", *here, "-auto-approve"),
        _step(theirs, "their init", verb="init"),
        _step(theirs, "their older release", *there, *older, "-auto-approve", verb="apply"),
        _step(theirs, "their older state", "-json", verb="show"),
        _step(theirs, "their upgrade", *there, "-auto-approve", verb="apply"),
        _step(theirs, "their state", "-json", verb="show"),
        _step(theirs, "their plan", *there, "-detailed-exitcode", verb="plan", codes=(0, 2)),
        _step(ours, "plan", *here, "-detailed-exitcode", codes=(0, 2)),
        _step(ours, "show", "-json"),
    ]


def addresses(folder: Path) -> list[str]:
    """Every resource of a configuration, without its keys."""
    files = sorted(folder.glob("*.tf"))
    return [".".join(found) for file in files for found in RESOURCE.findall(file.read_text())]


def as_json(steps: list[Step]) -> str:
    """The script that tests/infra/terraform_script.py reads."""
    return json.dumps([asdict(step) for step in steps])


def _elsewhere(folder: Path, variables: Mapping[str, Any]) -> Iterator[Step]:
    """What must be refused, with nothing else that would: the wishes of another installation."""
    for name, value in ELSEWHERE.items():
        other = _given(folder, name, {**variables, name: value})
        yield _step(folder, f"another {name}", *other, verb="plan", codes=(1,))
        destroy = (*other, "-auto-approve")
        yield _step(folder, f"destroy another {name}", *destroy, verb="destroy", codes=(1,))


def _mishaps(folder: Path, first: tuple[str, ...]) -> list[Step]:
    """What must not do harm, and a service that did not start at its first apply."""
    service = "google_cloud_run_v2_service.api"
    return [
        _step(folder, "refused destroy", *first, "-auto-approve", verb="destroy", codes=(1,)),
        _step(folder, "after it", "-json", verb="show"),
        _step(folder, "taint", service),
        _step(folder, "refused apply", *first, "-auto-approve", verb="apply", codes=(1,)),
        _step(folder, "untaint", service),
        _step(folder, "way out", *first, "-auto-approve", verb="apply"),
    ]


def _step(
    folder: Path,
    name: str,
    *arguments: str,
    verb: str = "",
    codes: tuple[int, ...] = (0,),
    tainted: str = "",
) -> Step:
    words = (verb or name).split()[-1]
    return Step(name, str(folder), (words, *arguments), codes, tainted)


def _given(folder: Path, name: str, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """The arguments that give `variables`, which are written beside `folder`."""
    (folder.parent / f"{name}.tfvars.json").write_text(json.dumps(variables))
    return "-input=false", f"-var-file=../{name}.tfvars.json"
