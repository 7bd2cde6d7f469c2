"""The card of a version: opened where there is a display, else where it lies."""

from __future__ import annotations

import csv
import json
from itertools import islice
from pathlib import Path

import pytest

from cli.usage_error import UsageError
from cli.verbs import card as verb
from tests.cli.operator_world import World
from tests.cli.trained_world import TICKETS, train
from tests.support.html_page import Page


@pytest.fixture(scope="module")
def trained() -> World:
    world = World()
    train(world, 400)
    return world


@pytest.fixture
def opened(trained: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that the browser was asked to open, on a machine with a display."""
    asked: list[str] = []
    monkeypatch.setenv("URGENCY_HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(verb, "reach", lambda: trained.system)
    monkeypatch.setattr(verb.webbrowser, "open", lambda url: asked.append(url) or True)
    return asked


def written(printed: str) -> Path:
    """The file that the last word names."""
    return Path(printed.rsplit(maxsplit=1)[-1])


def test_the_card_opens_and_its_place_is_told(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    verb.card(1)
    printed = capsys.readouterr().out
    assert "is open in the browser" in printed
    assert opened == [written(printed).as_uri()]
    assert "Version 1" in Page(written(printed).read_text()).text


def test_without_a_display_only_its_place_is_told(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(verb, "has_display", lambda environ: _has_display(environ, "linux"))
    verb.card(1)
    printed = capsys.readouterr().out
    assert opened == []
    assert "browser" not in printed
    assert written(printed).is_file()


def test_it_is_written_to_the_file_that_is_named_and_not_opened(
    opened: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb.card(1, tmp_path / "pages/card.html")
    assert opened == []
    assert written(capsys.readouterr().out) == tmp_path / "pages/card.html"


def test_its_numbers_are_json_for_programs(
    opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    verb.card(1, as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert {"metrics", "slices", "reliability", "curve", "files", "data"} <= set(report)
    assert opened == []


def test_no_ticket_is_on_it(trained: World, tmp_path: Path) -> None:
    page = verb.write_card(trained.registry, 1, tmp_path / "card.html").read_text().casefold()
    with TICKETS.open(newline="") as tickets:
        rows = list(islice(csv.DictReader(tickets), 399))
    texts = {row[name].casefold() for row in rows for name in ("title", "description")}
    assert len(texts) > 200
    assert [text for text in texts if text and text in page] == []


@pytest.mark.parametrize(
    ("platform", "environ", "has"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"BROWSER": "firefox"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_a_display_is_known_by_the_environment(
    platform: str, environ: dict[str, str], has: bool
) -> None:
    assert verb.has_display(environ, platform) is has


def test_a_version_that_never_was_is_refused(trained: World) -> None:
    with pytest.raises(UsageError, match="no version 9"):
        verb.report(trained.registry, 9)


_has_display = verb.has_display
