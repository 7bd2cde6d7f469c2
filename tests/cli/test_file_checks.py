"""The doctor on landed files: what gave no ticket, and what an older version wrote of one."""

from __future__ import annotations

from dataclasses import replace

from cli.checks import examine, models_are_whole
from cli.file_checks import files_are_read, no_cell_is_kept
from jobs.report.receipts import receipt_name
from jobs.tickets.file_report import FileReport, Problem, reports_to_json
from tests.cli.operator_world import NOW, World
from tests.support.models import put_model, release, small_manifest
from urgency.bundle import ACCOUNTING, Manifest
from urgency.registry import BLOBS

GOOD = FileReport("incoming/good.csv", 1, 10, accepted=10, quarantined=1)
BROKEN = FileReport("incoming/a/broken.csv", 2, 10, problems=(Problem(1, "It is a picture."),))
NO_ROW = FileReport(
    "incoming/bad.csv", 3, 10, quarantined=2, problems=(Problem(2, "No label."),) * 2
)
QUOTING = FileReport(
    "incoming/headless.csv",
    4,
    10,
    problems=(Problem(1, "the header has no column title. It has: Ana Lopez, 555-0199."),),
)


def put(world: World, version: int, *reports: FileReport) -> Manifest:
    """A version with this accounting."""
    blob = world.registry.put_blob(reports_to_json(reports))
    return world.registry.commit(small_manifest(version, {ACCOUNTING: blob}))


def test_files_of_the_newest_model_that_gave_it_no_ticket_are_named_with_why_and_what_to_do() -> (
    None
):
    world = World()
    put(world, 1, replace(GOOD, accepted=0, quarantined=0))
    put(world, 2, GOOD, BROKEN, NO_ROW)
    broken, no_row = files_are_read(world.system, NOW)
    assert broken.what == "incoming/a/broken.csv was set aside: It is a picture."
    assert broken.todo.endswith("urgency receipts a/broken.csv")
    assert no_row.what == "incoming/bad.csv has no row that was taken: No label."
    assert all("Version 2 has none" in finding.why for finding in (broken, no_row))


def test_many_such_files_are_named_in_a_few_findings() -> None:
    world = World()
    assert list(files_are_read(world.system, NOW)) == []
    put(world, 1, *(replace(BROKEN, file=f"incoming/{n}.csv") for n in range(100)))
    *_, rest = findings = list(files_are_read(world.system, NOW))
    assert len(findings) == 6
    assert "incoming/5.csv" in rest.what
    assert "and 90 more" in rest.what


def test_a_first_line_in_any_versions_accounting_is_found_with_the_objects_to_remove() -> None:
    world = World()
    old = put(world, 1, GOOD, QUOTING)
    put(world, 2, GOOD)
    receipt = f"{receipt_name(QUOTING.file, QUOTING.generation)}.json"
    world.landing.overwrite(receipt, b"{}")
    (finding,) = no_cell_is_kept(world.system, NOW)
    settings, blob = world.settings, f"{BLOBS}{old.parts[ACCOUNTING]}"
    assert f"gs://{settings.registry_bucket}/{blob}" in finding.todo
    assert f"gs://{settings.landing_bucket}/{receipt}" in finding.todo
    assert finding.todo.count("gs://") == 2
    world.objects.delete(blob)
    assert list(no_cell_is_kept(world.system, NOW)) == []
    assert list(models_are_whole(world.system, NOW)) == []


def test_accountings_without_such_a_line_are_clean() -> None:
    world = World()
    put(world, 1, GOOD, BROKEN, NO_ROW)
    assert list(no_cell_is_kept(world.system, NOW)) == []


def test_the_doctor_itself_repeats_no_cell() -> None:
    world = World()
    put(world, 1, QUOTING)
    told = " ".join(map(str, examine(world.system, NOW)))
    assert "headless.csv was set aside: the header has no column title." in told
    assert "Ana" not in told


def test_the_accounting_of_the_newest_version_and_of_the_champion_is_still_missed() -> None:
    world = World()
    release(world.registry, put(world, 1, GOOD))
    put_model(world.registry, 2)
    newest = put(world, 3, BROKEN)
    for version in (1, 3):
        manifest = world.registry.manifest(version)
        assert manifest
        world.objects.delete(f"{BLOBS}{manifest.parts[ACCOUNTING]}")
    lacking = [finding.what[:17] for finding in models_are_whole(world.system, NOW)]
    assert lacking == ["Version 1 lacks a", f"Version {newest.version} lacks a"]
