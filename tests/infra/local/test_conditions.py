"""A condition is evaluated as IAM would, or refused whole."""

from __future__ import annotations

import pytest

from infra.local.conditions import Asked, ConditionError, compiled

NAME = 'resource.name.startsWith("projects/_/buckets/b/objects/in/")'
ATTRIBUTE = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'
BELOW = f'{ATTRIBUTE}.startsWith("in/")'
FOLDER = f'{ATTRIBUTE} == "in"'
BUCKET = "projects/_/buckets/b"
OBJECT = f"{BUCKET}/objects/in/a.csv"
OTHER = f"{BUCKET}/objects/inner.csv"


@pytest.mark.parametrize(
    ("condition", "asked", "holds"),
    [
        (NAME, Asked(OBJECT), True),
        (NAME, Asked(OTHER), False),
        (NAME, Asked(BUCKET, "in/"), False),
        (BELOW, Asked(BUCKET, "in/"), True),
        (BELOW, Asked(BUCKET, "in/a.csv"), True),
        (BELOW, Asked(BUCKET, "in"), False),
        (BELOW, Asked(BUCKET), False),
        (BELOW, Asked(OBJECT), False),
        (FOLDER, Asked(BUCKET, "in"), True),
        (FOLDER, Asked(BUCKET, "inn"), False),
        (FOLDER, Asked(BUCKET), False),
        (f"{NAME} || {BELOW}", Asked(OBJECT), True),
        (f"{NAME} || {BELOW}", Asked(BUCKET, "in/"), True),
        (f"{NAME} || {BELOW}", Asked(BUCKET, "out/"), False),
        (f"{NAME} && {FOLDER}", Asked(OBJECT, "in"), True),
        (f"{NAME} && {FOLDER}", Asked(OBJECT), False),
        (f"{FOLDER} && {BELOW} || {NAME}", Asked(OBJECT), True),
        (f"{NAME} || {FOLDER} && {BELOW}", Asked(OBJECT), True),
        (f"({NAME} || {FOLDER}) && {BELOW}", Asked(OBJECT), False),
        (f'{ATTRIBUTE}.startsWith("")', Asked(BUCKET), True),
        ('resource.name == "projects/_/buckets/b"', Asked(BUCKET), True),
    ],
)
def test_it_holds_as_in_iam(condition: str, asked: Asked, holds: bool) -> None:
    assert compiled(condition)(asked) is holds


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "true",
        f"{NAME} || true",
        f"!{NAME}",
        f"{NAME} {NAME}",
        f"{NAME} ||",
        f"({NAME}",
        f"{NAME})",
        NAME.replace("startsWith", "endsWith"),
        NAME.replace("startsWith", "extract"),
        NAME.replace('"', "'"),
        NAME.replace("in/", r"in\x2f"),
        NAME.replace("resource.name", "resource.type"),
        NAME.removesuffix(")"),
        'resource.name.startsWith("a',
        "resource.name.startsWith(resource.name)",
        BELOW.replace("objectListPrefix", "objectName"),
        BELOW.replace('""', '"in/"'),
        "request.time < timestamp('2030')",
        f"{NAME} | {BELOW}",
        f'{ATTRIBUTE} != "in"',
        f'{ATTRIBUTE} in ["in"]',
    ],
)
def test_what_is_not_understood_is_refused(condition: str) -> None:
    with pytest.raises(ConditionError, match="not understood at"):
        compiled(condition)
