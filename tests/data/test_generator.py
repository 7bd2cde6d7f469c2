"""The synthetic tickets: always the same, hard enough to learn from, honest about what is bad."""

import os
import re
import string
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from data.generator.__main__ import HERE, RECIPES, committed_files, main
from data.generator.bad_lines import BAD_LINES, LONG_FIELD, WINDOWS_LINES
from data.generator.csv_text import to_csv
from data.generator.incident_facts import (
    PLAIN_SOURCES,
    PLAIN_TIERS,
    THRESHOLD,
    IncidentFacts,
    points,
)
from data.generator.phrasebook import LETTERS, read_phrasebook
from data.generator.slots import MAKERS
from data.generator.tickets import Recipe, Row, make_rows, make_rows_with_facts
from tests.data.stats import best_token, duplicate_share, parse_rows, text_of, urgent_share

REPOSITORY = Path(__file__).parents[2]
SMALL = Recipe(rows=60, seed=99, start=date(2025, 11, 3), days=7)
BIG = Recipe(rows=4000, seed=98, start=date(2025, 11, 3))


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {name: (HERE / name).read_bytes() for name in (*RECIPES, "bad.csv")}


@pytest.fixture(scope="module")
def rows(files: dict[str, bytes]) -> dict[str, list[Row]]:
    return {name: parse_rows(files[name]) for name in RECIPES}


@pytest.fixture(scope="module")
def rows_with_facts() -> list[tuple[Row, IncidentFacts]]:
    return list(make_rows_with_facts(BIG))


def test_the_committed_files_are_what_the_generator_writes(files: dict[str, bytes]) -> None:
    assert committed_files() == files


def test_the_same_recipe_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    out = tmp_path / "more.csv"
    options = ["--rows=60", "--seed=99", "--start=2025-11-03", "--days=7", f"--out={out}"]
    command = [sys.executable, "-B", "-m", "data.generator", *options]
    environ = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run(command, cwd=REPOSITORY, env=environ, check=True, capture_output=True)
    assert out.read_bytes() == to_csv(Row._fields, make_rows(SMALL))


def test_another_seed_gives_other_tickets_with_other_ids() -> None:
    one, two = list(make_rows(SMALL)), list(make_rows(replace(SMALL, seed=100)))
    assert not {row.ticket_id for row in one} & {row.ticket_id for row in two}
    long_texts = [{text_of(row) for row in rows if len(text_of(row)) > 100} for rows in (one, two)]
    assert not set.intersection(*long_texts)


def test_options_without_a_file_to_write_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--rows", "10"])
    assert "--out" in capsys.readouterr().err


def test_the_columns_are_the_agreed_ones(files: dict[str, bytes]) -> None:
    header = b"ticket_id,created_at,title,description,source,customer_tier,label_urgency"
    assert {content.splitlines()[0] for content in files.values()} == {header}


@pytest.mark.parametrize("name", RECIPES)
def test_every_cell_holds_what_its_column_says(rows: dict[str, list[Row]], name: str) -> None:
    for row in rows[name]:
        assert re.fullmatch(r"SYN-\d+-\d{6}", row.ticket_id)
        assert row.source in {*PLAIN_SOURCES, ""}
        assert row.customer_tier in {*PLAIN_TIERS, ""}
        assert row.label_urgency in ("urgent", "non-urgent")
        assert row.title or row.description
        assert not re.search(r"[{}|]", text_of(row).replace("!!!", ""))


@pytest.mark.parametrize("name", RECIPES)
def test_tickets_are_dated_within_their_weeks_oldest_first(
    rows: dict[str, list[Row]], name: str
) -> None:
    times = [datetime.fromisoformat(row.created_at) for row in rows[name]]
    begin = datetime.combine(RECIPES[name].start, datetime.min.time(), tzinfo=UTC)
    assert times == sorted(times)
    assert begin <= times[0]
    assert times[-1] < begin + timedelta(days=RECIPES[name].days)


def test_the_second_file_follows_the_first_with_new_ids_and_new_words(
    rows: dict[str, list[Row]],
) -> None:
    first, second = rows.values()
    assert first[-1].created_at < second[0].created_at
    assert not {row.ticket_id for row in first} & {row.ticket_id for row in second}
    for word in ("quillwork", "orbit ring"):
        assert not any(word in text_of(row).lower() for row in first)
        assert any(word in text_of(row).lower() for row in second)


def test_size_and_share_are_as_promised(
    files: dict[str, bytes], rows: dict[str, list[Row]]
) -> None:
    assert len(files["tickets.csv"]) < 1_500_000
    assert 0.25 <= urgent_share(rows["tickets.csv"]) <= 0.30
    assert 0.25 <= urgent_share(rows["tickets_week2.csv"]) <= 0.35


@pytest.mark.parametrize("name", RECIPES)
def test_near_copies_are_rare(rows: dict[str, list[Row]], name: str) -> None:
    assert duplicate_share(rows[name]) < 0.03


@pytest.mark.parametrize("name", RECIPES)
def test_no_single_word_tells_the_labels_apart(rows: dict[str, list[Row]], name: str) -> None:
    assert best_token(rows[name])[1] < 0.75


@pytest.mark.parametrize(
    "word", ["urgent", "down", "outage", "critical", "locked", "immediately", "patients"]
)
def test_crisis_words_occur_on_both_sides(rows: dict[str, list[Row]], word: str) -> None:
    found = [row for row in rows["tickets.csv"] if word in text_of(row).lower()]
    assert {row.label_urgency for row in found} == {"urgent", "non-urgent"}


def _difference(
    rows_with_facts: list[tuple[Row, IncidentFacts]], column: str, high: str, low: str
) -> float:
    """Mean over incidents of how much more often `high` is urgent than `low`."""
    labels: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row, facts in rows_with_facts:
        labels[facts.incident.name, getattr(row, column)].append(row.label_urgency == "urgent")
    incidents = dict.fromkeys(facts.incident.name for _, facts in rows_with_facts)
    both = [(labels[name, high], labels[name, low]) for name in incidents]
    return fmean(fmean(one) - fmean(other) for one, other in both if one and other)


def test_tier_and_source_tell_more_about_the_same_incident(
    rows_with_facts: list[tuple[Row, IncidentFacts]],
) -> None:
    assert _difference(rows_with_facts, "customer_tier", "enterprise", "free") > 0.1
    assert _difference(rows_with_facts, "source", "phone", "email") > 0.1


def test_where_people_get_hurt_neither_tier_nor_channel_matters() -> None:
    for incident in read_phrasebook().incidents:
        facts = IncidentFacts(incident, "a", "live", "email", "free", ("dire",))
        assert points(facts) > THRESHOLD, incident.name


def test_labels_err_now_and_then_but_not_often(
    rows_with_facts: list[tuple[Row, IncidentFacts]],
) -> None:
    wrong = fmean(
        (points(facts) > THRESHOLD) != (row.label_urgency == "urgent")
        for row, facts in rows_with_facts
    )
    assert 0.01 < wrong < 0.08


def test_every_opening_has_a_title_and_both_kinds_of_consequence() -> None:
    for incident in read_phrasebook().incidents:
        for opening in incident.openings():
            place, fitting = (incident.name, opening), incident.fitting
            assert fitting("titles", opening), place
            assert fitting("grave", opening) + fitting("dire", opening), place
            assert fitting("mild", opening), place


def test_no_phrase_is_tied_to_an_opening_that_does_not_exist() -> None:
    for incident in read_phrasebook().incidents:
        missing = set(LETTERS) - set(incident.openings())
        for phrases in incident.phrases.values():
            tags = [phrase.split("| ")[0] for phrase in phrases if re.match(r"\w+\| ", phrase)]
            assert not missing & set("".join(tags)), incident.name


def test_no_pool_says_the_same_twice() -> None:
    book = read_phrasebook()
    pools = [pool for incident in book.incidents for pool in incident.phrases.values()]
    pools += [pool for group in book.common.values() for pool in group.values()]
    assert [pool for pool in pools if len(set(pool)) < len(pool)] == []


def _lines(content: bytes) -> list[str]:
    return content.decode().split("\n")[:-1]


def test_the_bad_file_is_bad_where_it_says_and_good_elsewhere(files: dict[str, bytes]) -> None:
    lines, bad_numbers = _lines(files["bad.csv"]), {bad.line for bad in BAD_LINES}
    good = [
        row
        for number, line in enumerate(lines[1:], 2)
        if number not in bad_numbers
        for row in _read(lines[0], line)
    ]
    assert len(lines) == 41
    assert len(good) == 40 - len(BAD_LINES)
    assert all(row.label_urgency in ("urgent", "non-urgent") for row in good)
    assert all(row.title or row.description for row in good)


def _read(header: str, line: str) -> list[Row]:
    return parse_rows(f"{header}\n{line.rstrip()}\n".encode())


def test_the_bad_file_holds_each_kind_of_damage(files: dict[str, bytes]) -> None:
    lines = _lines(files["bad.csv"])
    assert lines[3].endswith(",asap")
    assert lines[9].count(",") < lines[12].count(",")
    assert "\x00" in lines[21]
    assert len(lines[24]) > LONG_FIELD
    assert lines[27] == lines[26]
    assert lines[30] != lines[29]
    assert lines[30].split(",")[0] == lines[29].split(",")[0]
    windows = [number for number, line in enumerate(lines, 1) if line.endswith("\r")]
    assert windows == list(WINDOWS_LINES)


def test_the_readme_names_each_bad_line() -> None:
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    for bad in BAD_LINES:
        assert f"| {bad.line} | {bad.wrong} | {bad.then} |" in readme


def test_every_slot_of_every_phrase_is_filled() -> None:
    """`format_map` raises on an unknown slot, but only when its phrase is drawn; these are all."""
    book = read_phrasebook()
    pools = [pool for incident in book.incidents for pool in incident.phrases.values()]
    pools += [pool for group in book.common.values() for pool in group.values()]
    pools += book.slots.values()
    used = {
        slot
        for pool in pools
        for phrase in pool
        for _, slot, _, _ in string.Formatter().parse(phrase)
        if slot
    }
    assert used <= {*MAKERS, *book.slots, "thing"}
