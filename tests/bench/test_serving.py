"""The comparison of servers: its table, what becomes of a missing one, and one short run."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from math import nan
from pathlib import Path

import pytest

from bench import peers, serving
from bench.peers import OURS, SERVERS, NotHere, Peer, installed
from bench.served_models import Inputs
from bench.serving import MEASURES, compared, main, running
from tests.bench.tables import read_table

MEASURED = {
    OURS: [100.0, 1.4, 1, 10, 1, 80, 9_000, 0.9, 0.7, 9, 0.5, 1],
    "gunicorn": [101.0, 1.6, 1, 10, 1, 80, 9_000, 0.9, 0.7, 9, 0.5, 1],
    "fastapi": [2_100.0, nan, 14, 300, 3, 300, 300, 0.9, 0.1, 9, 0, 1],
    "mlflow": [3_000.0, nan, 13, 400, 4, 200, 4_000, 0.9, 0.1, 9, 0, 1],
}
NEEDS = ("wrk", "taskset")
ROWS = [dict.fromkeys(peers.FIELDS, name) for name in ("first", "second")]


def this_environment(packages: Sequence[str], _folder: Path) -> Path:
    """The programs of this environment, which has FastAPI and no BentoML."""
    if "bentoml" in packages:
        raise NotHere("not installable here: no wheel")
    return Path(sys.prefix, "bin")


def test_a_ratio_says_how_many_times_better_we_are_than_the_best_other() -> None:
    lines = compared(MEASURED)
    assert [line[0] for line in lines] == list(MEASURES)
    against = {line[0]: line[-3:] for line in lines}
    assert against["CPU per request, 16 connections, us"] == ("21.0x", "20x", "met")
    assert lines[1][2:] == ("1.40", "1.60", "-", "-", "", "<= 1.5", "met")
    assert against["p50, 1 connection, ms"] == ("13.0x", "15x", "not met")
    assert against["memory (PSS), MB"] == ("2.5x", "2.5x", "met")
    assert against["batch of 1,000, rows/s"] == ("2.2x", "2x", "met")


def test_a_bound_is_held_to_ours_alone() -> None:
    judged = {line[0]: line[-3:] for line in compared({OURS: MEASURED[OURS]})}
    assert judged["good answers at 240 connections, of those at 64"] == ("", ">= 0.8", "met")
    missed = judged["good answers within 1 s at 3 times the arrivals, of the peak"]
    assert missed == ("", ">= 0.8", "not met")
    assert judged["CPU per request, 16 connections, us"] == ("", "", "")


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_is_sent_the_same_tickets_in_its_own_shape(name: str, tmp_path: Path) -> None:
    server, inputs = SERVERS[name], Inputs(tmp_path, ROWS)
    one, two = inputs.lines(server.body).read_text().splitlines()
    assert one.replace("first", "second") == two
    assert json.loads(one).keys() & {"instances", "inputs", "dataframe_records"}
    assert inputs.batch(server).count(b'"first"') in (4 * 500, 500 * len(peers.FIELDS))
    assert b"5" in inputs.wrong(server)


def test_what_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho no wheel of $5 for this machine >&2; exit 2\n")
    uv.chmod(0o755)
    monkeypatch.setattr(peers, "_UV", str(uv))
    with pytest.raises(NotHere, match=r"^not installable here: no wheel of .* for this machine$"):
        installed(["bentoml"], tmp_path / "environment")
    monkeypatch.setattr(peers, "_UV", str(tmp_path / "nowhere"))
    with pytest.raises(NotHere, match=r"^not installable here: .*nowhere"):
        installed(["bentoml"], tmp_path / "environment")


@pytest.mark.skipif(not shutil.which("taskset"), reason="taskset is not installed")
def test_what_does_not_start_shows_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Peer(("python", "-c", "raise SystemExit('port {port}: no such model')"), ())
    monkeypatch.setitem(serving.SERVERS, "broken", broken)
    monkeypatch.setattr(serving, "installed", this_environment)
    with (
        pytest.raises(NotHere, match=r"^not measured here: .* ends: port \d+: no such model$"),
        running("broken", Inputs(tmp_path, ROWS)),
    ):
        pass


@pytest.mark.slow
@pytest.mark.skipif(not all(map(shutil.which, NEEDS)), reason="wrk or taskset is not installed")
def test_it_runs_and_leaves_out_what_is_not_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "installed", this_environment)
    only = ["--only", "fastapi", "bentoml"]
    assert main(["data/tickets.csv", "--seconds", "1", *only]) == 0
    printed = capsys.readouterr().out
    table = read_table(printed)
    assert [line["measure"] for line in table] == list(MEASURES)
    for line in table[3:6]:  # which a busy machine only makes worse
        assert float(line[OURS].replace(",", "")) > 0
        assert float(line["fastapi"].replace(",", "")) > 0
    assert "bentoml: not installable here: no wheel" in printed
    assert "title is a number" not in printed
