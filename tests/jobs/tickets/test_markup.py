"""Tables of web pages and of Excel's XML: what helpdesks call .xls and spreadsheets open."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace

import pytest

from jobs.scoring.layout import layout_of
from jobs.tickets import markup
from jobs.tickets.file_kind import READ_HERE
from jobs.tickets.frame import frame_of
from jobs.tickets.limits import LIMITS
from jobs.tickets.markup import read_tables
from jobs.tickets.rules import NO_RULES
from tests.support.job.csv_files import dataset, refusal

JIRA = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8"/>
<style>td { vertical-align: top } </style></head><body>
<table id="logo"><tr><td colspan="4"><a href="https://jira.example.com">Jira</a></td></tr></table>
<!-- <table><tr><th>Summary</th><th>Priority</th></tr></table> -->
<table border="1">
<tr class="rowHeader"><td colspan="4">Displaying <strong>2</strong> issues</td></tr>
<tr class="rowHeader"><th>Key</th><th>Summary</th><th>Priority</th><th>Description</th></tr>
<tr><td><a href="/browse/A-1">A-1</a></td><td>Checkout down &amp; out</td>
 <td nowrap> Highest
 </td><td>Everybody<br/>is&nbsp;blocked.</td></tr>
<tr><td>A-2</td><td>A question</td><td>Low</td><td><p>Größe</p><p>print &lt;this&gt;?</p></td></tr>
</table></body></html>"""

EXCEL = """<?xml version="1.0"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="About"><Table><Row><Cell><Data ss:Type="String">By</Data></Cell></Row></Table>
</Worksheet><Worksheet ss:Name="Tickets"><Table ss:ExpandedColumnCount="4">
<Row><Cell><Data ss:Type="String">Ticket</Data></Cell><Cell><Data ss:Type="String">Subject</Data>
</Cell><Cell><Data ss:Type="String">Body</Data></Cell><Cell><Data>Priority</Data></Cell></Row>
<Row ss:AutoFitHeight="0"><Cell><Data ss:Type="Number">1</Data></Cell>
<Cell><Data ss:Type="String">Down</Data></Cell><Cell ss:Index="4"><Data>urgent</Data></Cell></Row>
<Row><Cell><Data ss:Type="Number">2</Data></Cell><Cell/>
<Cell><Data ss:Type="String">How do I&#10;print?</Data></Cell><Cell><Data>low</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def read(page: str) -> list[list[list[str]]]:
    return [list(rows) for rows in read_tables([page], LIMITS)]


def tickets(body: bytes) -> list[tuple[str, str, bool]]:
    rows = frame_of(dataset(body)).itertuples()
    return [(one.title, one.description, one.urgent) for one in rows]


@pytest.mark.parametrize(
    "body",
    [
        JIRA.encode(),
        JIRA.encode("utf-16"),
        JIRA.encode("cp1252"),
        gzip.compress(JIRA.encode()),
        f"\ufeff\n{JIRA}".encode(),
    ],
)
def test_the_page_that_jira_calls_a_spreadsheet_is_read(body: bytes) -> None:
    assert tickets(body) == [
        ("Checkout down & out", "Everybody\nis\xa0blocked.", True),
        ("A question", "Größe\nprint <this>?", False),
    ]
    assert layout_of(io.BytesIO(body), NO_RULES) is None, "an archive of it is read whole"


def test_the_xml_of_excel_is_read_with_its_gaps() -> None:
    assert tickets(EXCEL.encode()) == [("Down", "", True), ("", "How do I\nprint?", False)]


def test_cells_that_span_others_keep_the_rest_in_place() -> None:
    down = "<table><tr><th>A<th>B<th>C<tr><td rowspan=3>1<td>2<td rowspan=2>3<tr><td>4<tr><td>5"
    assert read(down) == [[["A", "B", "C"], ["1", "2", "3"], ["1", "4", "3"], ["1", "5", ""]]]
    across = "<table><TR><TD COLSPAN=2>1</TD><TD>2</TD></TR><tr><td>3<td/><td>4</table>"
    assert read(across) == [[["1", "", "2"], ["3", "", "4"]]]
    merged = (
        '<Table><Row><Cell ss:MergeAcross="1"><Data>1</Data></Cell><Cell>2</Cell></Row></Table>'
    )
    assert read(merged) == [[["1", "", "2"]]]


def test_a_table_inside_another_is_one_of_its_own() -> None:
    inner = (
        "<table><tr><th>Subject</th><th>Urgency</th></tr><tr><td>x</td><td>High</td></tr></table>"
    )
    page = f"<table><tr><td>menu</td><td>look: {inner} lost</td></tr></table>"
    assert read(page) == [[["menu", "look:"]], [["Subject", "Urgency"], ["x", "High"]]]


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html>",
        " \n<?xml version='1.0'?><tickets><ticket>x</ticket></tickets>",
        "\ufeff<table><tr>",
        "<html><form><table><tr><td>Log in</td></tr></table></form></html>",
        "<html></table></tr></td><td>x<td>y</html>",
    ],
)
def test_a_page_without_a_table_says_what_is_read_here(page: str) -> None:
    reason = refusal(page.encode()).reason
    assert "web page or XML without a table" in reason
    assert reason.endswith(READ_HERE)


def test_a_page_cannot_take_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "_CELLS_MOST", 1_000)
    monkeypatch.setattr(markup, "_TABLES_MOST", 10)
    for page in ("<table>" + "<td colspan=900>" * 3, "<table>" * 11):
        assert "split it" in refusal(page.encode()).reason
    with pytest.raises(markup.FileRefused, match="more than 10 characters"):
        read_tables(["<table><tr>", "<td>"], replace(LIMITS, workbook_bytes=10))
