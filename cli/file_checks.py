"""The doctor's checks of what was said about landed files."""

from collections.abc import Iterator
from datetime import datetime

from cli.context import System
from cli.finding import SHOWN_MOST, Finding, listed
from jobs.report.receipts import FORMS, RECEIPTS, receipt_name
from jobs.tickets.file_report import FileReport, reports_from_json
from urgency.bundle import ACCOUNTING
from urgency.messages import INCOMING
from urgency.registry import BLOBS

QUOTED = "It has:"
"""What the first version wrote before the cells of a first line that it took for a header."""

_FATES = ("set aside", "quarantined")


def files_are_read(system: System, now: datetime) -> Iterator[Finding]:
    """Every file of the newest model gave it tickets."""
    version = max(system.registry.model_numbers(), default=0)
    manifest = system.registry.manifest(version) if version else None
    if manifest is None or ACCOUNTING not in manifest.parts:
        return
    reports = reports_from_json(system.registry.part(manifest, ACCOUNTING))
    lost = [report for report in reports if report.status in _FATES]
    for report in lost[:SHOWN_MOST]:
        yield _unread(report, version)
    if rest := [report.file for report in lost[SHOWN_MOST:]]:
        yield Finding(
            f"Version {version} has no ticket of these files either: {listed(rest)}.",
            "They were set aside, or each of their rows was.",
            "Their receipts say why: urgency receipts NAME",
        )


def no_cell_is_kept(system: System, now: datetime) -> Iterator[Finding]:
    """No accounting quotes the first line of a file, as those of the first version did."""
    blobs, receipts = [], set()
    for digest in sorted(_accountings(system)):
        for report in reports_from_json(system.registry.blob(digest)):
            if any(QUOTED in problem.reason for problem in report.problems):
                blobs.append(f"{BLOBS}{digest}")
                receipts |= _receipts(report)
    if not blobs:
        return
    there = sorted(receipts & {found.name for found in system.landing.list(RECEIPTS)})
    objects = [f"{system.settings.registry_bucket}/{name}" for name in sorted(set(blobs))]
    objects += [f"{system.settings.landing_bucket}/{name}" for name in there]
    yield Finding(
        f"An older version quoted the first line of a file in {len(objects)} object(s).",
        "Where that line was no header it holds what somebody wrote, and nothing deletes it.",
        "When a newer version serves, remove each with its old versions:"
        f" gcloud storage rm --all-versions {' '.join(f'gs://{name}' for name in objects)}",
    )


def _unread(report: FileReport, version: int) -> Finding:
    name = report.file.removeprefix(INCOMING)
    # An accounting of the first version may quote cells from here on.
    reasons = [problem.reason.partition(QUOTED)[0].strip() for problem in report.problems]
    fate = "was set aside" if report.status == "set aside" else "has no row that was taken"
    return Finding(
        f"{report.file} {fate}: {' '.join(dict.fromkeys(reasons[:SHOWN_MOST]))}",
        f"Version {version} has none of its tickets.",
        f"Correct the file and drop it again under its name; more says: urgency receipts {name}",
    )


def _accountings(system: System) -> set[str]:
    """Digests of all versions' accountings that are still there."""
    manifests = map(system.registry.manifest, system.registry.model_numbers())
    digests = {
        found.parts[ACCOUNTING] for found in manifests if found and ACCOUNTING in found.parts
    }
    return digests & system.registry.blob_digests()


def _receipts(report: FileReport) -> set[str]:
    return {f"{receipt_name(report.file, report.generation)}{form}" for form in FORMS}
