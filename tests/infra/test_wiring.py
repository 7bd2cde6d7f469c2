"""A wiring that cannot be enforced as written is refused, with the line, before anything starts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.wiring import WiringError
from infra.local.wiring_file import WIRING_FILE, load_wiring
from tests.support.cloud.live_stack import CHECKOUT, user_environment

TEXT = WIRING_FILE.read_text()
ROLE = '"roles/pubsub.publisher", "member": "user:operator'


def line_of(text: str, what: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if what in line)


def refusal(folder: Path, text: str) -> str:
    file = folder / "wiring.json"
    file.write_text(text)
    with pytest.raises(WiringError) as refused:
        load_wiring(file)
    assert str(file) in str(refused.value)
    assert str(refused.value).endswith("Make it again with 'make wiring'.")
    return str(refused.value)


def test_the_committed_wiring_is_accepted() -> None:
    assert len(load_wiring().grants) == TEXT.count('"role":')


def test_a_file_that_is_not_json_is_refused_with_its_line(tmp_path: Path) -> None:
    broken = TEXT.replace('"topics": [', '"topics": [,')
    assert f"line {line_of(broken, '[,')} is not JSON" in refusal(tmp_path, broken)


def test_an_unknown_role_is_refused_with_its_line(tmp_path: Path) -> None:
    wrong = TEXT.replace(ROLE, ROLE.replace("publisher", "admin"))
    said = refusal(tmp_path, wrong)
    assert (
        f"line {line_of(wrong, 'pubsub.admin')}: the pocket cloud knows no roles/pubsub.admin"
        in said
    )


def test_a_condition_that_cannot_be_evaluated_is_refused_with_its_line(tmp_path: Path) -> None:
    condition = (
        r'"condition":'
        r' "resource.name.startsWith(\"projects/_/buckets/local-helpdesk-urgency-landing/objects/'
    )
    wrong = TEXT.replace(
        condition + "receipts", condition.replace("startsWith", "endsWith") + "receipts", 1
    )
    said = refusal(tmp_path, wrong)
    assert (
        f"line {line_of(wrong, 'endsWith')}: the pocket cloud cannot evaluate the condition" in said
    )


@pytest.mark.parametrize("member", ["grants", "subscriptions", "agents", "region"])
def test_a_missing_member_is_named(member: str, tmp_path: Path) -> None:
    wiring = json.loads(TEXT)
    del wiring[member]
    assert f"lacks the member '{member}'" in refusal(tmp_path, json.dumps(wiring))


@pytest.mark.parametrize("text", ["[]", "null", '{"grants": 3}', '{"grants": ["x"]}'])
def test_another_shape_is_refused(text: str, tmp_path: Path) -> None:
    assert "has another shape" in refusal(tmp_path, text)


def test_a_duration_without_its_unit_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, TEXT.replace('"timeout": "3600s"', '"timeout": "1h"'))
    assert "has '1h' for a duration; write seconds, as in '600s'." in said


def test_the_stack_says_which_line_and_does_not_start(tmp_path: Path) -> None:
    for part in ("infra/local", "urgency"):
        shutil.copytree(
            CHECKOUT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    (tmp_path / "infra/__init__.py").touch()
    wrong = TEXT.replace(ROLE, ROLE.replace("publisher", "admin"))
    (tmp_path / "infra/local/wiring.json").write_text(wrong)
    ended = subprocess.run(
        [sys.executable, "-m", "infra.local"],
        cwd=tmp_path,
        env=user_environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert (
        f"{tmp_path}/infra/local/wiring.json line {line_of(wrong, 'pubsub.admin')}: "
        in ended.stderr
    )
