"""HTML becomes the text that a reader would see; what is no HTML stays as it is."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import pytest

from tests.support.texts import hostile_text
from urgency import html_text
from urgency.html_text import html_to_text

CHECKOUT = Path(__file__).parents[2]
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hello<br>you &amp; me</p>", "Hello\nyou & me"),
        ('<div style="x"><p>Hi</p><p></p>&nbsp;&ndash;<img src="cid:logo"></div>', "Hi\n–"),
        (
            "un<b>do</b> <SPAN LANG=EN>it</SPAN> in <st1:city w:st=on>Rome</st1:city>s<o:p>",
            "undo it in Romes",
        ),
        ("<table><tr><td nowrap>a</td><td>b</td></tr><tr><td>c", "a  b\nc"),
        ("<!doctype html><html><head><title>x</title></head><body>Hi</body></html>", "Hi"),
        ("<head><style>p > b {}</style><body class='x'>Hi<br/>", "Hi"),
        ("<script>if (a<b) x('<p>')</script>Hi<style><!-- p {} --></style><hr />", "Hi"),
        ("<p>a<!-- b <p> c -->d<!-->e</p>", "ade"),
        ("<!--[if mso]>x<![endif]--><p>y</p><!--[if !mso]><!-->z<!--<![endif]-->", "y\nz"),
        ('<a title="a > b" href=x\n target="_blank">link</a>', "link"),
        ("<p>1 &lt; 2 &euro; &#8364;&#x20AC;&#128;</p>", "1 < 2 € €€€"),
        ("<p>&copy=1 &nothing; AT&T</p>", "&copy=1 &nothing; AT&T"),
        ("&lt;p&gt;Bonjour &amp;lt;x&amp;gt; &amp;amp; &eacute;&lt;/p&gt;", "Bonjour <x> & é"),
        ("&#60;p&#62;Bonjour&#60;/p&#62;", "Bonjour"),
        ("Tom &amp; Jerry don&#39;t", "Tom & Jerry don't"),
        ("<p>never closed: <style> <!-- <script> but said</p>", "never closed:\n--\nbut said"),
    ],
)
def test_html_is_what_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d, if x<5, x <y, a <b and c> d, i <b && p> q",
        "Ann <ann@example.com>, <b@example.com>, <https://example.com/a>",
        "<none> [<EXIT>] <a.b.C> <p-value> <i32> #include <map> <br-1>",
        "List<String> Map<K, Object> Set<Button> vector<a> Optional<p.q>",
        "<order><name>x</name><title>y</title><data>3</data></order>",
        "git reset <head>; DROP TABLE <table>; <title> <label> <a> <b> <i>",
        "R&D AT&T ?a=1&copy=2&lt=3 int &beta; &&",
        "-- > <!-- x --> <- -> <>",
        "two  spaces\n\n  stay\t",
    ],
)
def test_plain_text_stays(text: str) -> None:
    assert html_to_text(text) == text


def test_our_own_plain_tickets_stay() -> None:
    with (CHECKOUT / "data/tickets.csv").open(encoding="utf-8", newline="") as stream:
        texts = [row["description"] for row in csv.DictReader(stream)]
    assert [html_to_text(text) for text in texts] == texts


def test_any_text_is_read_and_never_grows() -> None:
    rng = random.Random(4)
    for _ in range(3_000):
        text = hostile_text(rng)
        assert len(html_to_text(text)) <= len(text)


BEGINNINGS = (
    *(
        "<",
        "<p",
        "<p ",
        '<p "',
        "<p '\"",
        "<p a=",
        '<p a="',
        "<p a='\"",
        "<p a=\"'<",
        "</p",
        "</p ",
    ),
    *("<p\n", "<p nowrap ", "<!--", "-->", "<![if ", "<style>", "<head><br>", "<script></p>"),
    *("</style ", "<o:", "&", "&a", "&amp;", "&lt;", "&#1", "&#x", " ", "<p> ", "<br>x\n", '"'),
)


@pytest.mark.parametrize("before", ["", "<br>", "<br><style>"])
def test_a_million_characters_of_beginnings_are_read(before: str) -> None:
    """In linear time a few seconds; squared it would be minutes, and the suite's bound ends it."""
    for again in BEGINNINGS:
        text = f"{before}{again * MILLION}"[:MILLION]
        assert len(html_to_text(text)) <= len(text)


class Counted:
    """A pattern that adds up the characters it looks at."""

    def __init__(self, pattern: re.Pattern[str], looked_at: list[int]) -> None:
        self._pattern, self._looked_at = pattern, looked_at

    def search(self, text: str, at: int) -> re.Match[str] | None:
        found = self._pattern.search(text, at)
        self._looked_at.append((found.end() if found else len(text)) - at)
        return found


@pytest.mark.parametrize("closed", ["", "-->", "</style>", "</script></head>"])
@pytest.mark.parametrize("opened", ["<!--", "<style>", "<head>", "<script>", "<!--<STYLE><head>"])
def test_what_is_never_closed_is_looked_for_once(
    monkeypatch: pytest.MonkeyPatch, opened: str, closed: str
) -> None:
    looked_at: list[int] = []
    closes = {name: Counted(close, looked_at) for name, close in html_text._CLOSES.items()}
    monkeypatch.setattr(html_text, "_CLOSES", closes)
    text = f"<br>{opened * 500}{closed}{opened * 500}"
    html_to_text(text)
    assert 0 < sum(looked_at) <= (1 + len(closes)) * len(text)
