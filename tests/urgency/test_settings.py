"""A missing or malformed setting is reported in one sentence that names it."""

from __future__ import annotations

import pytest

from urgency.errors import SettingsError
from urgency.settings import read_settings, recipe_settings, settings_or_exit


def test_a_missing_setting_is_named_and_explained() -> None:
    sentence = r"^URGENCY_LANDING_BUCKET is not set: bucket in which CSVs land.*\.$"
    with pytest.raises(SettingsError, match=sentence):
        read_settings({}, "landing_bucket")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("URGENCY_MISSED_COST", "five"),
        ("URGENCY_MISSED_COST", "-1"),
        ("URGENCY_MISSED_COST", "nan"),
        ("URGENCY_REVIEW_BAND", "0.6-0.4"),
        ("URGENCY_REVIEW_BAND", "0.6"),
        ("URGENCY_CAPACITY_PER_DAY", "-3"),
        ("URGENCY_RELOAD_URL", "service.example"),
        ("URGENCY_COLUMN_ALIASES", "betreff"),
    ],
)
def test_a_malformed_setting_is_named_with_what_was_seen(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{variable}='{text}' is malformed: .+\.$"):
        read_settings({variable: text})


def test_an_empty_setting_counts_as_missing() -> None:
    with pytest.raises(SettingsError, match="URGENCY_PROJECT is not set"):
        read_settings({"URGENCY_PROJECT": "  "}, "project")


def test_the_well_known_variable_of_the_project_is_read_where_ours_is_absent() -> None:
    assert read_settings({"GOOGLE_CLOUD_PROJECT": "helpdesk"}).project == "helpdesk"
    assert read_settings({"GOOGLE_CLOUD_PROJECT": "a", "URGENCY_PROJECT": "b"}).project == "b"


def test_values_are_parsed() -> None:
    aliases = {"URGENCY_COLUMN_ALIASES": "Betreff=title, Text=description"}
    settings = read_settings({"URGENCY_REVIEW_BAND": "0.2-0.4", **aliases})
    assert settings.review_band == (0.2, 0.4)
    assert settings.column_aliases == (("betreff", "title"), ("text", "description"))


def test_only_what_decides_a_model_is_part_of_the_recipe() -> None:
    plain = read_settings({})
    assert recipe_settings(plain) == recipe_settings(read_settings({"URGENCY_LEASE_S": "7"}))
    assert recipe_settings(plain) != recipe_settings(read_settings({"URGENCY_MISSED_COST": "7"}))


def test_a_process_ends_with_the_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as end:
        settings_or_exit({}, "project")
    assert end.value.code == 2
    assert capsys.readouterr().err == "URGENCY_PROJECT is not set: Google Cloud project id.\n"
