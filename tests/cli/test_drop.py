"""The verb `drop`: whatever is dropped gets its answer, and waiting ends with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.landing import DroppedFile, upload
from cli.verb_group import load_verb
from cli.verbs import drop
from cli.watch import Watch
from tests.cli.operator_world import World
from urgency.store import ObjectStore


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Watch]:
    """Every look at a world in which the job runs as soon as something is dropped."""
    world, looks = World(), list[Watch]()
    look = Watch.look

    def dropped(landing: ObjectStore, file: Path, name: str) -> DroppedFile:
        landed = upload(landing, file, name)
        world.reconcile(lambda _version, _champion: "HOLD")
        return landed

    def counted(watch: Watch) -> None:
        looks.append(watch)
        look(watch)

    monkeypatch.setattr(drop, "reach_to_change", lambda: world.system)
    monkeypatch.setattr(drop, "upload", dropped)
    monkeypatch.setattr(Watch, "look", counted)
    return looks


@pytest.fixture
def pdf(tmp_path: Path) -> str:
    file = tmp_path / "minutes.pdf"
    file.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj")
    return str(file)


def run(*args: str) -> object:
    """The exit code."""
    return load_verb("drop").main([*args], standalone_mode=False)


def test_a_pdf_is_answered_at_once_with_what_it_is_and_what_is_read(
    pdf: str, looks: list[Watch], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(pdf, "--wait") == 5
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert len(looks) == 1
    assert "Dropped incoming/minutes.pdf" in told
    assert "this is a PDF, not a table; export the tickets as a table." in told
    assert "What is read here: CSV" in told
    assert told.endswith("The file was not taken; the receipt says why.")


def test_for_programs_the_answer_is_a_member(
    pdf: str, looks: list[Watch], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(pdf, "--wait", "--json") == 5
    [answer] = json.loads(capsys.readouterr().out)
    assert (answer["object"], answer["exit_code"]) == ("incoming/minutes.pdf", 5)
    assert answer["receipt"]["status"] == "set aside"
    assert "PDF" in answer["receipt"]["problems"][0]["reason"]
    assert len(looks) == 1


def test_of_several_files_the_highest_code_counts_and_without_waiting_none(
    pdf: str, tmp_path: Path, looks: list[Watch]
) -> None:
    (tmp_path / "june.csv").write_text("title,label_urgency\nx,urgent\n")
    assert run(str(tmp_path / "june.csv"), "--wait") == 3
    assert run(pdf, str(tmp_path / "june.csv"), "--wait") == 5
    before = len(looks)
    assert run(pdf) == 0
    assert len(looks) == before
