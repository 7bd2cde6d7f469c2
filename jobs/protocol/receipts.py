"""Receipts are written: every file of a snapshot is answered once, by its first version."""

from jobs.report.receipt_page import receipt_markdown
from jobs.report.receipts import Receipt, receipt_json, receipt_name, unanswered
from jobs.tickets.file_report import reports_from_json
from urgency.bundle import ACCOUNTING, Manifest
from urgency.records import Snapshot
from urgency.registry import Registry
from urgency.store import ObjectStore
from urgency.writes import Sleep, create_once


def write_receipts(
    landing: ObjectStore, registry: Registry, snapshot: Snapshot, manifest: Manifest, sleep: Sleep
) -> None:
    """Write the receipt of each file of the snapshot that has none yet."""
    missing = {(f.name, f.generation) for f in unanswered(landing, snapshot.files)}
    if not missing:
        return
    verdict, test = registry.last_verdict(manifest), manifest.metrics.get("test", {})
    for report in reports_from_json(registry.part(manifest, ACCOUNTING)):
        if (report.file, report.generation) in missing:
            made = manifest.version, manifest.created_at
            _write(landing, Receipt(report, snapshot.n, verdict, *made, test), sleep)


def _write(landing: ObjectStore, receipt: Receipt, sleep: Sleep) -> None:
    name = receipt_name(receipt.report.file, receipt.report.generation)
    for form, body in ((".md", receipt_markdown(receipt)), (".json", receipt_json(receipt))):
        create_once(landing, name + form, body, sleep)
