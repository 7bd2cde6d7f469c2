"""What people are told: one plain sentence, what to do, and where to read on. No ticket's text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.report.receipts import receipt_name
from jobs.tickets.file_report import FileReport
from urgency.bundle import Verdict
from urgency.messages import Notice
from urgency.records import Release

FILES_NAMED = 5
NAME_CHARS = 200
NOTHING_TAKEN = ("set aside", "quarantined")


@dataclass(frozen=True)
class Links:
    """Where people read on: the service's address, the operations page, the landing bucket."""

    service: str
    runbook: str
    landing: str

    def card(self, version: int) -> str:
        """A version's card."""
        return f"{self.service}/v1/models/{version}/card"

    def receipt(self, report: FileReport) -> str:
        """A file's receipt."""
        return f"gs://{self.landing}/{receipt_name(report.file, report.generation)}.md"


def version_notice(version: int, verdict: Verdict, release: Release, links: Links) -> Notice | None:
    """What became of a version that is not open; None where a newer one answers already."""
    answers = f"version {release.champion} goes on answering"
    if not release.champion:
        answers = "no version answers yet"
    why = f"{links.runbook}#versions-held-back"
    read = f"Run `urgency why {version}`; correct the files and drop them again."
    if verdict.decision != "PROMOTE":
        kind, done = {"HOLD": ("held", "held back")}.get(verdict.decision, ("rejected", "rejected"))
        reason = verdict.reasons[0] if verdict.reasons else "The gate gave no reason."
        text = f"Version {version} was {done}, {answers}: {reason}"
        return Notice(f"version-{version}", kind, text, read, why)
    if release.champion == version and release.is_gates:
        return promoted_notice(version, verdict.against, links)
    if release.champion == version or (not release.pinned and release.floor < version):
        return None
    text = f"Version {version} passed and was held back, {answers}: an operator rolled back."
    action = f"Run `urgency resume` to end a pin, or `urgency promote {version} --reason ...`."
    return Notice(f"version-{version}", "held", text, action, f"{links.runbook}#going-back")


def promoted_notice(version: int, before: int, links: Links) -> Notice:
    """That the gate let a version answer, in place of version `before`."""
    instead = f" in place of version {before}" if before else ""
    text = f"Version {version} was promoted and answers now{instead}."
    action = "Nothing has to be done; its card shows how good it is."
    return Notice(f"promoted-{version}", "promoted", text, action, links.card(version))


def release_notice(before: Release, after: Release, links: Links) -> Notice | None:
    """One move of the pointer: who made it and why."""
    if after.is_gates:
        return promoted_notice(after.champion, before.champion, links)
    version, link = after.champion, f"{links.runbook}#going-back"
    instead = f" in place of version {before.champion}" if before.champion != version else ""
    if after.pinned:
        kind, done = "rolled_back", f"answers{instead} and is pinned"
        action = "Nothing newer is released until `urgency resume` ends the pin."
    elif before.pinned and not instead:
        kind, done = "resumed", "is not pinned any more"
        action = "Newer versions that the gate lets through are released again."
    else:
        kind, done, link = "promoted_by_person", f"answers now{instead}", links.card(version)
        action = f"Run `urgency why {version}`; `urgency rollback` goes back."
    text = f"Version {version} {done}, by {after.by}: {after.reason or 'no reason was given'}"
    return Notice(f"release-{after.epoch}", kind, text, action, link)


def files_notice(version: int, reports: Iterable[FileReport], links: Links) -> Notice | None:
    """One notice for all of these files of which nothing was taken; None where there are none."""
    refused = [one for one in reports if one.status in NOTHING_TAKEN and one.problems]
    if not refused:
        return None
    named = ", ".join(one.file[:NAME_CHARS] for one in refused[:FILES_NAMED])
    more = f" and {len(refused) - FILES_NAMED} more" if len(refused) > FILES_NAMED else ""
    count = "A file was" if len(refused) == 1 else f"{len(refused)} files were"
    return Notice(
        key=f"files-{version}",
        kind="set_aside",
        text=f"{count} set aside and nothing of it was learned: {named}{more}.",
        action="Its receipt says why; correct it and drop it again.",
        link=links.receipt(refused[0]),
    )


def quality_notice(found: Mapping[str, Any], links: Links) -> Notice | None:
    """That live recall fell, once for each version. found: a LiveQuality's members, or nothing."""
    if found.get("state") != "fell":
        return None
    version, at_most = found["version"], found["recall"]["high"]
    promised = f"below the {found['promised_recall']:.0%} that its card promises"
    return Notice(
        key=f"quality-{version}",
        kind="quality_fell",
        text=f"Version {version} finds at most {at_most:.0%} of the urgent tickets, {promised}.",
        action="Run `urgency quality`, and label more tickets if they have changed.",
        link=f"{links.runbook}#live-recall-below-the-promise",
    )


def drift_notice(found: Mapping[str, Any], links: Links) -> Notice | None:
    """That drift moved, once for each version and each set of families that did.

    found: a result of jobs.drift, or nothing.
    """
    if found.get("answer") != "moved":
        return None
    families = "-".join(sorted(move["family"] for move in found["moves"]))
    return Notice(
        key=f"drift-{found['version']}-{families}",
        kind="drift_moved",
        text=found["says"],
        action="Run `urgency drift`; `urgency label` picks the tickets whose labels help most.",
        link=f"{links.runbook}#drift",
    )
