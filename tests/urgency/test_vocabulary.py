"""The words of helpdesk exports: every one in the file is found, has one meaning and a source."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from urgency import vocabulary
from urgency.lexicon import FILES
from urgency.vocabulary import (
    ROLES,
    is_null,
    key,
    level_tags,
    names,
    role_of,
    side_of,
    sides,
    takes_yes_no,
)

PARSED: list[dict[str, Any]] = [
    tomllib.loads(Path(vocabulary.__file__).with_name(file).read_text(encoding="utf-8"))
    for file in FILES
]
TABLES: dict[str, Any] = PARSED[0] | PARSED[1]
ENTRIES: dict[str, Any] = {
    name: table
    for name, table in TABLES.items()
    if name not in {"order", "yes_no", "null_words", "codes", "tags"}
}
HELPDESKS = {
    "generic", "zendesk", "jira", "servicenow", "freshdesk", "freshservice", "zoho_desk", "hubspot",
    "salesforce", "glpi", "otrs", "zammad", "github", "gitlab", "help_scout", "intercom",
    "osticket", "request_tracker", "redmine", "bmc", "servicedesk_plus", "front", "mantisbt",
    "bugzilla", "trac", "phabricator", "openproject", "youtrack", "linear", "azure_devops", "asana",
    "clickup", "trello", "dynamics_365", "sap_solution_manager", "connectwise", "autotask", "halo",
    "atera", "jitbit", "kayako", "deskpro", "spiceworks", "topdesk", "sysaid",
    "data_sets",
}  # fmt: skip
SIDES = {"critical": True, "urgent": True, "other": False, "below_critical": None}
OTHER_WORDS = {"unset", "nothing", "yes", "no"}


def _columns() -> Iterator[tuple[str, str]]:
    """Every header name of the file with the role that it is listed under."""
    listed = [entry["columns"] for entry in ENTRIES.values()]
    for roles in [*listed, TABLES["order"]["first"], TABLES["order"]["last"]]:
        for role, headers in roles.items():
            yield from ((header, role) for header in headers)


def _labels() -> Iterator[tuple[str, bool | None]]:
    """Every label of the file with its side; what stands for none says nothing alone."""
    for entry in ENTRIES.values():
        for level, labels in entry.get("labels", {}).items():
            if level in SIDES:
                yield from ((label, SIDES[level]) for label in labels)


def _words(kind: str) -> set[str]:
    """The words of all entries that are yes, no, or nothing."""
    return {word for entry in ENTRIES.values() for word in entry.get("labels", {}).get(kind, ())}


def test_every_helpdesk_has_an_entry_and_no_name_of_an_entry_is_in_both_files() -> None:
    assert set(PARSED[0]) & set(PARSED[1]) == set()
    assert set(ENTRIES) - set(PARSED[1]) == HELPDESKS


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"order"}))
def test_nothing_lacks_a_source(name: str) -> None:
    sources = TABLES[name]["source"]
    assert sources
    assert all(source.startswith("https://") for source in sources)
    assert len(set(sources)) == len(sources)


def test_the_page_for_support_leads_has_a_word_on_every_helpdesk() -> None:
    page = (Path(vocabulary.__file__).parents[1] / "docs/helpdesks.md").read_text(encoding="utf-8")
    heads = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ")]
    heads += [line for line in page.splitlines() if line.startswith("### ")]
    sections = set(map(key, heads))
    asked = [key(name) for name in HELPDESKS - {"generic", "data_sets"}]
    assert [name for name in asked if not any(name in section for section in sections)] == []


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_entry_uses_only_known_keys_and_names_a_text_and_an_id(name: str) -> None:
    entry = ENTRIES[name]
    assert set(entry) <= {"source", "columns", "labels"}
    assert set(entry.get("labels", {})) <= {*SIDES, *OTHER_WORDS}
    assert set(entry["columns"]) <= set(ROLES)
    assert {"ticket_id", "title"} <= set(entry["columns"])


def test_every_header_name_of_every_entry_has_its_role() -> None:
    assert [(name, role) for name, role in _columns() if role_of(name) != role] == []


def test_no_name_has_two_roles() -> None:
    roles: dict[str, set[str]] = {}
    for name, role in _columns():
        roles.setdefault(key(name), set()).add(role)
    assert {name: found for name, found in roles.items() if len(found) > 1} == {}


def test_every_label_of_every_entry_has_its_side() -> None:
    assert [(label, side) for label, side in _labels() if side_of(label) is not side] == []


def test_no_label_has_two_sides() -> None:
    found: dict[str, set[bool | None]] = {}
    for label, side in _labels():
        found.setdefault(key(label), set()).add(side)
    assert {label: both for label, both in found.items() if len(both) > 1} == {}


def test_no_label_means_nothing_and_no_answer_is_a_label() -> None:
    assert [label for label, _ in _labels() if is_null(label)] == []
    yes, no = ({*TABLES["yes_no"][answer], *_words(answer)} for answer in ("yes", "no"))
    assert [word for word in yes | no if side_of(word) is not None] == []
    assert set(map(key, yes)).isdisjoint(map(key, no))
    assert {word for word in yes | no if is_null(word)} == no & _words("nothing")


def test_a_no_that_also_means_nothing_is_an_answer_where_a_yes_stands_beside_it() -> None:
    assert sides(["да", "нет"], "Срочно?") == {"да": True, "нет": False}
    assert sides(["нет", "Высокий"], "Приоритет") == {"нет": None, "Высокий": True}
    assert sides(["有", "無"], "緊急") == {"有": True, "無": False}


@pytest.mark.parametrize("role", ROLES)
def test_names_come_in_order_of_preference_each_once(role: str) -> None:
    keys = [key(name) for name in names(role)]
    assert Counter(keys).most_common(1)[0][1] == 1
    assert set(keys) == {key(name) for name, listed in _columns() if listed == role}
    assert names(role)[0] == role
    last = [key(name) for name in TABLES["order"]["last"][role]]
    assert keys[-len(last) :] == last


def test_the_label_is_urgency_before_priority_before_severity_and_impact_last() -> None:
    order = names("label_urgency")
    asked = ["label_urgency", "is_urgent", "urgency", "priority", "severity", "label", "impact"]
    assert sorted(asked, key=order.index) == asked
    in_german = ["dringend", "dringlichkeit", "priorität", "schweregrad", "auswirkung"]
    assert sorted(in_german, key=order.index) == in_german
    mixed = ["dringend", "urgency", "dringlichkeit", "priority", "prioridade", "severity"]
    assert sorted(mixed, key=order.index) == mixed


def test_a_helpdesks_own_number_is_the_id_before_a_mere_id() -> None:
    order = names("ticket_id")
    assert order.index("issue key") < order.index("issue id") < order.index("id")
    assert order.index("case number") < order.index("#")


def _full_width(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


@pytest.mark.parametrize(
    "spelt",
    [
        str.upper,
        str.title,
        lambda text: f"  {text}\t",
        lambda text: f"\N{NO-BREAK SPACE}{text}\N{NO-BREAK SPACE}",
        lambda text: f"\N{ZERO WIDTH SPACE}{text}\N{LEFT-TO-RIGHT MARK}",
        lambda text: f"\ufeff{text[:1]}\N{SOFT HYPHEN}{text[1:]}\N{RIGHT-TO-LEFT MARK}",
        _full_width,
    ],
)
def test_case_spaces_invisible_characters_and_width_do_not_matter(spelt: Any) -> None:
    for name, role in _columns():
        assert role_of(spelt(name)) == role, ascii(spelt(name))
    for label, side in _labels():
        assert side_of(spelt(label)) is side, ascii(spelt(label))


@pytest.mark.parametrize(
    ("spelt", "role"),
    [
        ("Is urgent?", "label_urgency"),
        ("is_urgent", "label_urgency"),
        ("Created-At (UTC)", "created_at"),
        ("createdAt", "created_at"),
        ("Case Number*", "ticket_id"),
        ("Priorite", "label_urgency"),
        ("Descricao", "description"),
        ("Beschreibung:", "description"),
        ("'title'", "title"),
    ],
)
def test_punctuation_and_accents_do_not_matter(spelt: str, role: str) -> None:
    assert role_of(spelt) == role


@pytest.mark.parametrize(
    "name",
    [
        "Status", "State", "Type", "Category", "Tags", "Labels", "Requester", "Requester email",
        "E-mail", "Assignee", "Organization", "Agent", "Group", "Comment", "Comments",
        "Latest comment", "Work notes", "Resolution", "SLA", "Due date", "Escalated", "VIP",
        "Support level", "Satisfaction", "Name", "Conversation", "Number of comments",
        "Summation column", "Custom field (F0)", "", " ",
        "\N{ZERO WIDTH SPACE}", "?", "1",
    ],
)  # fmt: skip
def test_columns_about_people_progress_and_answers_are_left_alone(name: str) -> None:
    assert role_of(name) is None


@pytest.mark.parametrize(
    ("label", "side"),
    [
        ("P1 - Critical", True),
        ("1-Critical", True),
        ("P1: Critical", True),
        ("(1) High", True),
        ("Critical (P1)", True),
        ("2 - High", True),
        ("1 - High", True),
        ("5 very high", True),
        ("High (answer within 4 hours)", True),
        ("High priority", True),
        ("Hohe Priorität", True),
        ("priority::high", True),
        ("Sev-2", True),
        ("Severity 1: outage", True),
        ("Prio 2", True),
        ("P1 / P2", True),
        ("Critical / High", True),
        ("Normal (P3)", False),
        ("P3 - Low", False),
        ("P1 - Low", False),
        ("4 - Minor/Localized", False),
        ("Non-urgent (P4)", False),
        ("low (urgent)", None),
        ("High/Low", None),
        ("P2/P3", None),
        ("Not high", None),
        ("needs review - high", None),
        ("Please help, this is urgent", None),
        ("P9", None),
        ("Priority", None),
        ("Level 1", None),
        ("Level 3", None),
        ("Priority 1 - Emergency Response", True),
        ("Priority 2 - Quick Response", True),
        ("Priority 5 - Scheduled Work", False),
        ("Priority: Very High", True),
        ("1: Very High", True),
        ("1-Urgent", True),
        ("Sev-1", True),
        ("Urgent!", True),
        ("Unbreak Now!", True),
        ("Show-stopper", True),
        ("\N{LARGE RED CIRCLE} High", True),
        ("\N{UPWARDS ARROW} High", True),
        ("Critical \N{WARNING SIGN}\N{VARIATION SELECTOR-16}", True),
        ("Low/Medium", False),
        ("Medium-High", None),
        ("Med.", False),
        ("Enhancement", None),
        ("Высокий приоритет", True),
        ("緊急（P1）", True),
        ("優先度１", True),
        ("高/High", True),
        ("高・低", None),
        ("ต่ำ (4)", False),
        ("उच्च प्राथमिकता", True),
        ("High (" + "x" * 20 + ")", True),
        ("High (" + "x" * 100 + ")", None),
    ],
)
def test_a_label_of_parts_is_read_by_its_words_and_else_by_its_code(
    label: str, side: bool | None
) -> None:
    assert side_of(label) is side


@pytest.mark.parametrize("number", ["0", "1", "2", "5", "10", "1.0", "-1", "4,0", "\uff11", "(1)"])
def test_a_number_alone_has_no_side(number: str) -> None:
    assert side_of(number) is None
    assert sides([number, "3"], "Priority") == {number: None, "3": None}


def test_major_is_urgent_unless_something_stands_above_it() -> None:
    assert sides(["Major", "Minor"], "Priority") == {"Major": True, "Minor": False}
    assert sides(["Major", "Very high", "Low"], "Priority")["Major"] is True
    old_jira = sides(["Blocker", "Critical", "Major", "Minor", "Trivial"], "Priority")
    assert [label for label, urgent in old_jira.items() if urgent] == ["Blocker", "Critical"]
    assert old_jira["Major"] is False
    assert sides(["3 - Major", "1 - Critical"], "Severity")["3 - Major"] is False
    assert sides(["Major", "Critical / High"], "Severity")["Major"] is False
    assert sides(["Majeure", "Bloquante"], "Priorité") == {"Majeure": False, "Bloquante": True}


@pytest.mark.parametrize("column", TABLES["yes_no"]["columns"])
def test_yes_and_no_count_in_a_column_that_asks(column: str) -> None:
    assert takes_yes_no(column)
    assert role_of(column) == "label_urgency"
    answers = TABLES["yes_no"]
    expected = {word.upper(): True for word in answers["yes"]}
    expected |= {word.upper(): False for word in answers["no"]}
    assert sides(list(expected), column) == expected


@pytest.mark.parametrize("column", ["Priority", "Urgency", "Severity", "Label", "Status"])
def test_yes_and_no_say_nothing_in_other_columns(column: str) -> None:
    assert set(sides(["yes", "no", "true", "false", "1", "0"], column).values()) == {None}


def test_one_and_zero_count_only_as_the_only_two() -> None:
    assert sides(["1", "0"], "urgent") == {"1": True, "0": False}
    assert sides(["1.0", "0.0", "nan"], "Is urgent?") == {"1.0": True, "0.0": False, "nan": None}
    assert set(sides(["1", "0", "2"], "urgent").values()) == {None}
    assert sides(["1", ""], "urgent") == {"1": None, "": None}


@pytest.mark.parametrize("word", ["", "  ", "\t", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}"])
def test_a_blank_cell_is_nothing(word: str) -> None:
    assert is_null(word)
    assert sides([word], "label_urgency") == {word: None}


@pytest.mark.parametrize("word", sorted({*TABLES["null_words"]["words"], *_words("nothing")}))
def test_null_words_are_nothing_in_any_case(word: str) -> None:
    assert is_null(word)
    assert is_null(f" {word.upper()}\N{NO-BREAK SPACE}")
    assert sides([word], "urgent") == {word: None}


@pytest.mark.parametrize(
    "word",
    [
        "No priority", "-None-", "--None--", "<none>", "[None]", "None.", "Not prioritized",
        "No value", "(no value)", "Unprioritized", "Needs Triage", "Nicht gesetzt", "(kein Wert)",
        "Sans priorité", "なし", "无", "нет", "ＮＯＮＥ", "--", "...", "***",
    ],
)  # fmt: skip
def test_a_word_for_no_priority_is_nothing_whatever_signs_stand_around_it(word: str) -> None:
    assert is_null(word)
    assert sides([word, "High", "Low"], "Priority")[word] is None


@pytest.mark.parametrize("text", ["0", "no", "n", "nil returned", "Null pointer", "N/A yet", "!"])
def test_texts_that_hold_a_null_word_are_texts(text: str) -> None:
    assert not is_null(text)


def test_a_long_text_is_neither_label_nor_nothing() -> None:
    assert not is_null("x" * 100_000)
    assert is_null(" " * 100_000)
    assert side_of("urgent" * 100_000) is None


def test_understanding_words_costs_a_process_only_the_standard_library() -> None:
    code = """
import sys
before = set(sys.modules)
from urgency.vocabulary import role_of
role_of("id")
new = {module.partition(".")[0] for module in set(sys.modules) - before}
print(new - set(sys.stdlib_module_names))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "{'urgency'}"


# Headers and label values in the shape of real exports, each with what it must be read as.
EXPORTS: list[tuple[str, str, dict[str, str], str, dict[str, bool | None]]] = [
    (
        "zendesk, four priorities and a dash",
        "Summation column,Id,Requester,Subject,Tags,Status,Priority,Via,Created at,Description",
        {
            "Id": "ticket_id",
            "Subject": "title",
            "Priority": "label_urgency",
            "Via": "source",
            "Created at": "created_at",
            "Description": "description",
        },
        "Priority",
        {"Urgent": True, "High": True, "Normal": False, "Low": False, "-": False},
    ),
    (
        "german",
        "Nummer,Betreff,Beschreibung,Priorität",
        {
            "Nummer": "ticket_id",
            "Betreff": "title",
            "Beschreibung": "description",
            "Priorität": "label_urgency",
        },
        "Priorität",
        {"Hoch": True, "Niedrig": False, "Sehr hoch": True, "Mittel": False},
    ),
    (
        "jira, of 85 columns the seven wanted ones",
        "Summary,Issue key,Issue id,Status,Priority,Created,Description,Labels,Custom field (F0)",
        {
            "Summary": "title",
            "Issue key": "ticket_id",
            "Issue id": "ticket_id",
            "Priority": "label_urgency",
            "Created": "created_at",
            "Description": "description",
        },
        "Priority",
        {"Highest": True, "Medium": False, "urgent": True, "non-urgent": False},
    ),
    (
        "servicenow, three levels of urgency and five of priority",
        "number,opened_at,short_description,description,contact_type,urgency,priority,state",
        {
            "number": "ticket_id",
            "opened_at": "created_at",
            "short_description": "title",
            "description": "description",
            "contact_type": "source",
            "urgency": "label_urgency",
            "priority": "label_urgency",
        },
        "priority",
        {"1 - Critical": True, "4 - Low": False, "1 - High": True, "3 - Low": False},
    ),
    (
        "servicenow in portuguese",
        "Número,Prioridade,Aberto(a) por,Aberto(a),Atribuído(a) a,Descrição resumida",
        {
            "Número": "ticket_id",
            "Prioridade": "label_urgency",
            "Aberto(a)": "created_at",
            "Descrição resumida": "title",
        },
        "Prioridade",
        {"1 - Crítica": True, "2 - Alta": True, "3 - Moderada": False, "4 - Baixa": False},
    ),
    (
        "jira in spanish",
        "Tipo de Incidencia,Prioridad,Clave de incidencia,Resumen,Creada,Estado,Actualizada",
        {
            "Prioridad": "label_urgency",
            "Clave de incidencia": "ticket_id",
            "Resumen": "title",
            "Creada": "created_at",
            "Actualizada": "updated_at",
        },
        "Prioridad",
        {"Muy alta": True, "Alta": True, "Media": False, "Baja": False},
    ),
    (
        "two label columns, the first empty",
        "Subject,Body,Urgency,Priority",
        {
            "Subject": "title",
            "Body": "description",
            "Urgency": "label_urgency",
            "Priority": "label_urgency",
        },
        "Urgency",
        {"": None},
    ),
    (
        "glpi in french",
        "ID,Titre,Priorité",
        {"ID": "ticket_id", "Titre": "title", "Priorité": "label_urgency"},
        "Priorité",
        {"urgent": True, "Très haute": True, "Moyenne": False},
    ),
    (
        "pandas, an index without a name and nan",
        ",ticket_id,title,description,label_urgency",
        {
            "ticket_id": "ticket_id",
            "title": "title",
            "description": "description",
            "label_urgency": "label_urgency",
        },
        "label_urgency",
        {"urgent": True, "non-urgent": False, "nan": None, "None": None},
    ),
    (
        "zero width characters in the header, no-break spaces in the label",
        "\u200btitle,description\u200e,label_urgency\u200f",
        {
            "\u200btitle": "title",
            "description\u200e": "description",
            "label_urgency\u200f": "label_urgency",
        },
        "label_urgency\u200f",
        {"\xa0urgent\xa0": True, "\xa0non-urgent\xa0": False},
    ),
]


@pytest.mark.parametrize(
    ("header", "roles", "column", "labels"),
    [pytest.param(*export[1:], id=export[0]) for export in EXPORTS],
)
def test_an_export_is_understood(
    header: str, roles: dict[str, str], column: str, labels: dict[str, bool | None]
) -> None:
    assert {name: role for name in header.split(",") if (role := role_of(name))} == roles
    assert sides(list(labels), column) == labels


@pytest.mark.parametrize(
    "labels",
    [
        {"dringend": True, "nicht dringend": False},
        {"ja": True, "nein": False},
        {"1": True, "0": False},
        {"P1": True, "P4": False},
        {"TRUE": True, "FALSE": False},
        {"Yes": True, "No": False},
        {"Urgent": True, "": None},
        {"urgent": True, "non-urgent": False},
    ],
)
def test_what_people_write_under_label_urgency(labels: dict[str, bool | None]) -> None:
    assert sides(list(labels), "label_urgency") == labels


@pytest.mark.parametrize("word", ["NULL", "nan", "None", "\\N", "N/A", "-", "#N/A", "undefined"])
def test_what_databases_and_spreadsheets_write_for_nothing(word: str) -> None:
    assert is_null(word)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("bug, P1", "P1"),
        ("priority::2", "priority::2"),
        ("ui;priority: high", "priority: high"),
        ("low hanging fruit, needs triage", ""),
        ("high priority", "high priority"),
        ("standard, lag, bug", ""),
        ("P1, P3", "P1, P3"),
        ("", ""),
    ],
)
def test_of_tags_those_that_say_how_urgent_are_the_label(tags: str, said: str) -> None:
    assert level_tags(tags) == said
