"""HTML -> the text that a reader would see, in linear time and without harm to plain text.

A whole field is HTML or is not. It is HTML when it holds one of these, each in its proper form:
* the end tag of an element of everyday HTML, such as </p> or </a>;
* its start tag with a value, such as <a href="...">;
* a start tag whose name is no word, such as <br> or <div> (a lone <table> may be a placeholder).
A field without them that holds an escape of XML (&amp; &lt; &#39; ...) is decoded once, and what
comes out is judged again: some helpdesks escape the whole body.

In HTML, comments, <head>, <style> and <script> go with their content, if they are closed. The tags
of HTML's elements and of Word's (<o:p>) go: those within a line leave nothing (un<b>do</b>: undo),
cells, pictures and controls a space, all others a line break. Then character references that end
in ; are decoded, lines stripped, and empty lines dropped. What only looks like a tag stays: <none>,
List<String>, <ann@example.com>, x<5, a <b and c> d, "< br>".
"""

import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5

_FLAGS = re.ASCII | re.IGNORECASE
_NO_WORDS = "p|br|hr|div|span|t[rdh]|tbody|[uo]l|li|h[1-6]|em"
_EVERYDAY = (
    f"{_NO_WORDS}|[abiu]|strong|font|img|table|thead|html|head|body|meta|style|script|pre"
    "|blockquote|center"
)
_IN_LINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark meta nobr q"
    " ruby s samp small span strike strong sub sup time tt u var wbr"
)
_IN_CELLS = "audio button canvas iframe img input meter object option picture progress td th video"
_BREAKING = (
    "address applet area article aside base basefont blockquote body br caption center col"
    " colgroup datalist dd details dialog dir div dl dt embed fieldset figcaption figure footer"
    " form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li link main map"
    " marquee math menu nav noframes noscript ol optgroup output p param pre rp rt script search"
    " section select slot source style summary svg table tbody template textarea tfoot thead title"
    " tr track ul"
)
_LEAVES = dict.fromkeys(_IN_LINE.split(), "") | dict.fromkeys(_IN_CELLS.split(), " ")

_FLAG_WORDS = r"(?:\s+(?:async|checked|compact|defer|disabled|hidden|noshade|nowrap|selected)\b)*"
# Nothing here reads over a "<", so a text of nothing but beginnings is still read in linear time.
_VALUES = r"""\s+[a-z][\w:.-]*\s*=(?:"[^"<]*"|'[^'<]*'|[^<>])*+>"""
_REST = rf"{_FLAG_WORDS}(?:{_VALUES}|\s*/?>)"
_ELEMENTS = "|".join(f"{_IN_LINE} {_IN_CELLS} {_BREAKING}".split())
_OFFICE = r"(?:[ovwm]|st1):\w+"

_IS_HTML = re.compile(
    rf"</(?:{_EVERYDAY})\s*>|<(?:{_NO_WORDS}){_REST}|<(?:{_EVERYDAY}){_FLAG_WORDS}{_VALUES}", _FLAGS
)
_IS_ESCAPED = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,7}|#x[\da-f]{1,6});", _FLAGS)
_REFERENCE = re.compile(r"&(?:([a-z][a-z\d]{1,31};)|#\d{1,7};|#x[\da-f]{1,6};)", _FLAGS)
_MARKUP = re.compile(
    rf"<({_ELEMENTS}|{_OFFICE}){_REST}|</({_ELEMENTS}|{_OFFICE})\s*>|<(!)(?=--)"
    r"|<(?:!doctype|!\[(?:if|endif)|\?xml)\b[^<>]*>",
    _FLAGS,
)
_CLOSES = {  # "!" stands for the <! of a comment, so that <!--> is a whole one
    "!": re.compile("-->"),
    "head": re.compile(r"</head\s*>|(?=<body[\s>])", _FLAGS),
    "style": re.compile(r"</style\s*>", _FLAGS),
    "script": re.compile(r"</script\s*>", _FLAGS),
}


def html_to_text(text: str) -> str:
    """The text of `text` where it is HTML or escaped, by the rules above; else `text` itself.

    Never longer than `text`. HTML that speaks of tags becomes a text with tags in it.
    """
    if not _IS_HTML.search(text):
        if not _IS_ESCAPED.search(text):
            return text
        text = _decoded(text)
        if not _IS_HTML.search(text):
            return text
    lines = _decoded("".join(_visible(text))).split("\n")
    return "\n".join(filter(None, map(str.strip, lines)))


def _decoded(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    """What is meant; `unescape` alone takes &nothing; for &not and "hing;"."""
    return found[0] if found[1] and found[1] not in html5 else unescape(found[0])


def _visible(text: str) -> Iterator[str]:
    """What stands between the tags, and what each tag leaves."""
    at = 0
    unclosed: set[str] = set()
    while found := _MARKUP.search(text, at):
        yield text[at : found.start()]
        opened = (found[1] or found[3] or "").lower()
        name = opened or (found[2] or "").lower()
        yield "" if name == "!" or ":" in name else _LEAVES.get(name, "\n")
        at = found.end()
        if opened in _CLOSES and opened not in unclosed:
            if closed := _CLOSES[opened].search(text, at):
                at = closed.end()
            else:
                unclosed.add(opened)  # looked for once, so that many of them cost no more
    yield text[at:]
