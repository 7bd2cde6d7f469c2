"""A person who is an uploader and nothing else: what works for her, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.pocket.identity import Identity
from infra.local.state import running_stack
from infra.local.wiring_file import load_wiring
from tests.support.cloud.live_stack import CommandResult, LiveStack, live_stack

REFUSED = [
    ("models",),
    ("status",),
    ("why", "1"),
    ("train",),
    ("predict", "the printer is on fire"),
    ("rollback", "--to", "1", "--reason", "no reason"),
    ("promote", "1", "--reason", "no reason"),
]


class Uploader:
    """Types commands as somebody who has the settings of the project, and few rights."""

    def __init__(self, stack: LiveStack) -> None:
        running = running_stack(stack.home)
        assert running is not None
        self._stack = stack
        pocket = running.urls.pocket.removeprefix("http://")
        own = Identity(stack.home.cloud, load_wiring()).environment("uploader", pocket)
        self._settings = {**running.operator, **own}
        assert self._settings != running.operator

    def urgency(self, *arguments: str) -> CommandResult:
        """Run one verb, as against a project in the cloud."""
        return self._stack.urgency(*arguments, **self._settings)


@pytest.fixture(scope="module")
def uploader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uploader]:
    """After a first file was dropped, waited for and released."""
    with live_stack(tmp_path_factory.mktemp("uploader")) as stack:
        person = Uploader(stack)
        dropped = person.urgency("drop", "data/tickets.csv", "--wait")
        assert (dropped.code, dropped.err) == (0, "In the project local-helpdesk:\n")
        assert "waiting   for the receipt" in dropped.out
        assert "Version 1: PROMOTE." in dropped.out
        yield person


def test_the_receipt_is_listed_and_read(uploader: Uploader) -> None:
    [listed] = uploader.urgency("receipts", "--json").json
    assert (listed["file"], listed["gone"]) == ("incoming/tickets.csv", False)
    shown = uploader.urgency("receipts", "tickets.csv")
    assert (shown.code, shown.err) == (0, "")
    assert "tickets.csv" in shown.out


def test_files_are_listed_replaced_and_deleted(uploader: Uploader) -> None:
    for _ in range(2):
        assert uploader.urgency("drop", "data/bad.csv", "--name", "2026/bad.csv").code == 0
    names = [file["name"] for file in uploader.urgency("ls", "--json").json]
    assert names == ["2026/bad.csv", "tickets.csv"]
    assert uploader.urgency("rm", "2026/bad.csv", "--yes").code == 0
    assert [file["name"] for file in uploader.urgency("ls", "--json").json] == ["tickets.csv"]


@pytest.mark.parametrize("command", REFUSED, ids=" ".join)
def test_the_rest_is_refused_in_a_sentence(uploader: Uploader, command: tuple[str, ...]) -> None:
    ended = uploader.urgency(*command)
    assert ended.code == 2
    said = ended.out + ended.err
    assert "does not have" in said or "refused this identity" in said or "may not" in said, said
    assert "Traceback" not in said
