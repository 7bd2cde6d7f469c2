"""checkov, without a network: each rule that we skip says why, and is still broken."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from tests.support.service.service_process import CHECKOUT
from tests.support.tools import run, tool

CONFIG = CHECKOUT / "infra/.checkov.yaml"
SKIPPED = re.compile(r"^  - (CKV\w+)(?: # (.+))?$", re.MULTILINE)


def test_every_skipped_rule_has_its_reason_beside_it() -> None:
    skipped = SKIPPED.findall(CONFIG.read_text())
    assert len(skipped) == CONFIG.read_text().count("CKV")
    assert all(len(reason) > 20 or "as for" in reason for _, reason in skipped)


def test_it_finds_nothing_but_what_is_skipped_and_all_of_that(tmp_path: Path) -> None:
    checkov = tool("checkov", "checkov==3.2.500")
    for file in (CHECKOUT / "infra").glob("*.tf*"):
        shutil.copy(file, tmp_path)  # without the file of skipped rules, and without Python
    options = ("--framework", "terraform", "--output", "json")
    quietly = ("--skip-download", "--soft-fail", "--quiet")
    code, output = run(checkov, "--directory", str(tmp_path), *options, *quietly)
    assert code == 0, output
    report = json.loads(output)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 50
    failed = {check["check_id"]: check["resource"] for check in report["results"]["failed_checks"]}
    skipped = {rule for rule, _ in SKIPPED.findall(CONFIG.read_text())}
    assert set(failed) == skipped, {rule: failed.get(rule) for rule in set(failed) ^ skipped}
