"""Every alert leads to a section that exists, with numbers that Cloud Monitoring takes."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
TEXT = "\n".join(file.read_text() for file in sorted((CHECKOUT / "infra").glob("*.tf")))
PAGE = (CHECKOUT / "docs/operations.md").read_text()
POLICY = re.compile(r'^resource "google_monitoring_alert_policy" "(\w+)" \{\n(.*?)^\}', re.M | re.S)
LINK = re.compile(r"docs/operations\.md#([\w-]+)")
SECTION = re.compile(r'\bsection\s*= "([\w-]+)"')


def anchors(page: str) -> set[str]:
    """The names that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_alert_names_a_section_that_is_there() -> None:
    named = {*LINK.findall(TEXT), *SECTION.findall(TEXT)}
    assert len(named) == 10
    assert named - anchors(PAGE) == set()


def test_no_alert_is_without_a_section() -> None:
    policies = dict(POLICY.findall(TEXT))
    assert len(policies) == 6
    assert [name for name, body in policies.items() if "See docs/operations.md#" not in body] == []


def test_every_section_on_an_alert_has_its_alert() -> None:
    part = PAGE.split("## Alerts", 1)[1].split("\n## ", 1)[0]
    assert anchors(part) == {*LINK.findall(TEXT), *SECTION.findall(TEXT)}


def test_durations_are_whole_minutes() -> None:
    durations = re.findall(
        r'\b(?:duration|lasting|window|alignment_period|auto_close)\s*= "(\d+)s"', TEXT
    )
    assert len(durations) >= 20
    assert [duration for duration in durations if int(duration) % 60] == []
