"""infra/preflight.sh says in one sentence what a build lacks, before anything is half-built."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PREFLIGHT = Path(__file__).parents[2] / "infra" / "preflight.sh"
SHELL = shutil.which("sh") or "/bin/sh"


@pytest.fixture
def gcloud(tmp_path: Path) -> Path:
    """A gcloud that knows who is logged in and says that billing is on."""
    program = tmp_path / "gcloud"
    program.write_text(f'#!{SHELL}\ncase "$1" in billing) echo True ;; esac\n')
    program.chmod(0o755)
    return program


def preflight(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the script where only what `path` holds is installed."""
    environment = {"PATH": str(path), "PROJECT": "helpdesk-test"}
    return subprocess.run(
        [SHELL, PREFLIGHT], env=environment, capture_output=True, text=True, check=False
    )


def test_a_machine_that_can_build_is_let_through_without_a_word(gcloud: Path) -> None:
    done = preflight(gcloud.parent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_gcloud_missing_says_where_to_get_it_or_how_to_do_without(tmp_path: Path) -> None:
    done = preflight(tmp_path)
    assert done.returncode == 1
    assert "gcloud is not installed" in done.stderr
    assert "-var 'images=" in done.stderr


def test_not_logged_in_says_how_to_log_in(gcloud: Path) -> None:
    gcloud.write_text(f'#!{SHELL}\ncase "$1" in auth) exit 1 ;; esac\n')
    done = preflight(gcloud.parent)
    assert done.returncode == 1
    assert done.stderr.startswith("gcloud is not logged in: run 'gcloud auth login'")


def test_billing_off_says_how_to_switch_it_on(gcloud: Path) -> None:
    gcloud.write_text(f'#!{SHELL}\ncase "$1" in billing) echo False ;; esac\n')
    done = preflight(gcloud.parent)
    assert done.returncode == 1
    assert "gcloud billing projects link helpdesk-test" in done.stderr


def test_who_may_not_see_billing_is_let_through(gcloud: Path) -> None:
    gcloud.write_text(f'#!{SHELL}\ncase "$1" in billing) exit 1 ;; esac\n')
    assert preflight(gcloud.parent).returncode == 0


@pytest.mark.parametrize("missing", ["installed", "logged in"])
def test_a_refusal_is_one_line(missing: str, gcloud: Path, tmp_path: Path) -> None:
    if missing == "installed":
        gcloud.unlink()
    else:
        gcloud.write_text(f"#!{SHELL}\nexit 1\n")
    assert len(preflight(tmp_path).stderr.splitlines()) == 1
