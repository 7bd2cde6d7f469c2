"""Tables of web pages and of Excel's XML: what helpdesks call .xls and spreadsheets open."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from functools import partial

import pytest

from jobs.scoring.layout import layout_of
from jobs.tickets import markup
from jobs.tickets.file_kind import READ_HERE
from jobs.tickets.frame import frame_of
from jobs.tickets.grid import Budget
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


HEAD = "<tr><th>Subject<th>Priority"
PAGES = {
    "a section before": f"<div><h2>Tickets</h2><table>{HEAD}<tr><td>a<td>High</table>",
    "a warning of PHP": f"<br />\n<b>Notice</b>: x\n<table>{HEAD}<tr><td>a<td>High</table>",
    "no table tag": f"{HEAD}<tr><td>a<td>High",
    "no row tag": "<table><tr><th>Subject<th>Priority</tr><td>a<td>High</tr></table>",
    "a program before": "<html><script>x='<table><tr><td>Subject<td>Priority<tr><td>b<td>Low'"
    f"</script><table>{HEAD}<tr><td>a<td>High</table>",
    "a style in a cell": f"<table>{HEAD}<tr><td><style>.a{{}}</style>a<td>High</table>",
    "odd comments": f"<!--[if !mso]><!--><html><!--><table>{HEAD}<tr><td>a<td>High</table>",
    "a comment without an end": f"<table>{HEAD}<tr><td>a<td>High<tr><td>b <!-- c<td>Low</table>",
    "signs in attributes": f'<table>{HEAD}<tr><td title="load > 9 <x@y.z>">a<td>High</table>',
    "an open quote": f"<table>{HEAD}<tr><td title='>a<td>High</table>",
    "others' attributes": f"<table>{HEAD}<tr><td data-index=3 data-rowspan=2"
    " onclick=\"go('x?index=7')\" title='use colspan=3'>a<td index=4>High</table>",
    "a picture for a level": f'<table>{HEAD}<tr><td>a<td><img src=x alt="High"></table>',
    "the head by itself": f"<table>{HEAD}</table><table><tr><td>a<td>High</table>",
    "sections of text": "<?xml version='1.0'?><Workbook><Worksheet><Table><Row>"
    "<Cell><Data><![CDATA[Subject]]></Data></Cell><Cell><Data>Priority</Data></Cell></Row>"
    "<Row><Cell><Data><![CDATA[a]]></Data></Cell><Cell><Data>High</Data>"
    "<Comment><ss:Data>was low</ss:Data></Comment></Cell></Row></Table></Worksheet></Workbook>",
    "no xml line": "<ss:Workbook><ss:Table><ss:Row><ss:Cell>Subject</ss:Cell><ss:Cell>Priority"
    "</ss:Cell></ss:Row><ss:Row><ss:Cell>a</ss:Cell><ss:Cell>High</ss:Cell></ss:Row></ss:Table>",
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_as_programs_write_them_are_read(name: str) -> None:
    page, calm = PAGES[name], "<tr><td>z<td>Low"
    for end, row in (
        ("</Table>", "<Row><Cell>z</Cell><Cell>Low</Cell></Row>"),
        ("</ss:Table>", "<ss:Row><ss:Cell>z</ss:Cell><ss:Cell>Low</ss:Cell></ss:Row>"),
        ("</table>", calm),
        ("", calm),
    ):
        if end in page:  # a second ticket, so that both sides are there
            before, after = page[: page.rindex(end)], page[page.rindex(end) :]
            page = before + row + after if end else page + row
            break
    found = tickets(page.encode())
    assert found[0] == ("a", "", True)
    assert found[-1] == ("z", "", False)


def test_cells_that_reach_over_others_keep_the_rest_in_place() -> None:
    down = "<table><tr><th>A<th>B<th>C<tr><td rowspan=3>1<td>2<td rowspan=2>3<tr><td>4<tr><td>5"
    assert read(down) == [[["A", "B", "C"], ["1", "2", "3"], ["1", "4", "3"], ["1", "5", ""]]]
    both = "<table><tr><td rowspan=2 colspan=2>1<td>2<tr><td>3<tr><td>4<td>5<td>6"
    assert read(both) == [[["1", "", "2"], ["1", "", "3"], ["4", "5", "6"]]]
    short = "<table><tr><td>1<td>2<td rowspan=2>3<td>4<tr><td>5<tr><td>6<td>7<td>8<td>9"
    assert read(short) == [[["1", "2", "3", "4"], ["5", "", "3", ""], ["6", "7", "8", "9"]]]
    group = "<table><tbody><tr><td rowspan=9>1<td>2</tbody><tbody><tr><td>3<td>4"
    assert read(group) == [[["1", "2"], ["3", "4"]]]
    across = "<table><TR><TD COLSPAN=2>1</TD><TD>2</TD></TR><tr><td>3<td/><td>4</table>"
    assert read(across) == [[["1", "", "2"], ["3", "", "4"]]]
    head = '<Workbook><Table><Row><Cell ss:MergeDown="1">1</Cell><Cell ss:MergeAcross="1">2</Cell>'
    merged = f'{head}</Row><Row><Cell ss:Index="2">3</Cell><Cell>4</Cell></Row></Table>'
    assert read(merged) == [[["1", "2", ""], ["1", "3", "4"]]]


def test_a_table_inside_another_is_one_of_its_own_and_text_of_its_cell() -> None:
    inner = "<table><tr><th>Subject<th>Urgency</tr><tr><td>x</td><td>High</td></tr></table>"
    page = f"<table><tr><td>menu</td><td>look: {inner} so</td></tr></table>"
    assert read(page) == [
        [["menu", "look:\nSubject Urgency\nx High\nso"]],
        [["Subject", "Urgency"], ["x", "High"]],
    ]


def test_a_table_that_goes_on_is_one() -> None:
    head, rows = "<tr><th>Subject<th>Priority", ["<tr><td>a<td>High", "<tr><td>b<td>Low"]
    page = "<h1>x</h1>".join(f"<table>{head}{row}</table>" for row in rows)
    assert read(page) == [[["Subject", "Priority"], ["a", "High"], ["b", "Low"]]]


def test_what_is_a_line_in_a_browser_is_one() -> None:
    cell = "Hello<div>second</div><p>One<p>Two<ul><li>a<li>b</ul>x &lt;br&gt; y"
    assert read(f"<table><tr><td>1<td>{cell}</table>") == [
        [["1", "Hello\nsecond\nOne\nTwo\na\nb\nx <br> y"]]
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html>",
        " \n<?xml version='1.0'?><tickets><ticket>x</ticket></tickets>",
        "\ufeff<table><tr>",
        "<html><form><table><tr><td>Log in</td></tr></table></form></html>",
        "<html></table></tr></td><td>x</html>",
    ],
)
def test_a_page_without_a_table_says_what_is_read_here(page: str) -> None:
    reason = refusal(page.encode()).reason
    assert "web page or XML without a table" in reason
    assert reason.endswith(READ_HERE)


def test_a_page_cannot_take_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "Budget", partial(Budget, cells=1_000, copied=1_000))
    monkeypatch.setattr(markup, "_TABLES_MOST", 10)
    long = "<td rowspan=9999>" + "x" * 400
    for page, what in (
        ("<table>" + "<td colspan=900>" * 3, "1,000 cells"),
        (f"<table><tr>{long}" + "<tr><td>y" * 9, "1,000 characters in cells of many rows"),
        ("<table><tr>" + "<td>x" * 20, "over 15 columns"),
        ("<table></table>" * 11, "too many tables"),
        ("<table><tr><td>" * 9, "inside others"),
    ):
        assert what in refusal(page.encode(), replace(LIMITS, columns=15)).reason
    with pytest.raises(markup.FileRefused, match="more than 10 characters"):
        read_tables(["<table><tr>", "<td>"], replace(LIMITS, workbook_bytes=10))
