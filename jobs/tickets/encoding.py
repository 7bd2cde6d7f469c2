"""Bytes -> text: one encoding for the whole file, decided at the first byte that tells it.

As long as all bytes are ASCII nothing has to be decided, and the decision holds for what came
before as well. Bytes that do not decode become lone surrogates (PEP 383): whoever reads the cell
refuses it, and a broken byte in a column that nobody reads costs nothing.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from charset_normalizer import from_bytes

from jobs.tickets.code_page import likeliest
from jobs.tickets.limits import FileRefused

# Names are those that people know from their spreadsheet program.
NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
    "cp1253": "Windows-1253",
    "cp1254": "Windows-1254",
    "cp1255": "Windows-1255",
    "cp1256": "Windows-1256",
    "cp1257": "Windows-1257",
    "cp874": "Windows-874",
    "cp850": "MS-DOS 850",
    "cp852": "MS-DOS 852",
    "cp866": "MS-DOS 866",
    "cp932": "Shift-JIS",
    "gb18030": "GB18030",
    "big5": "Big5",
    "euc_jp": "EUC-JP",
    "euc_kr": "EUC-KR",
    "koi8_r": "KOI8-R",
    "mac_roman": "Mac OS Roman",
    "iso8859_2": "ISO 8859-2",
}
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_EASTERN = ["cp932", "gb18030", "big5", "euc_jp", "euc_kr"]
_KEPT = "\t\n\r"
_DROPPED = {code: None for code in (*range(32), 127) if chr(code) not in _KEPT}
_DROPPED_BYTES = bytes(code for code in _DROPPED)
_BROKEN = "one_lone_surrogate"  # like surrogateescape, which knows no broken half of UTF-16
codecs.register_error(_BROKEN, lambda error: ("\udcff", error.end))  # type: ignore[attr-defined]
_PROOF = 4  # valid characters for each broken byte, from which a text counts as damaged UTF-8


class Decoder:
    """Decodes blocks of bytes; `encoding` is a codec's name, "ascii" until something told it.

    encoding: what it is already known to be, in the middle of a file.
    """

    def __init__(self, encoding: str = "ascii") -> None:
        self.encoding = "ascii"
        self._lines = 0
        self._codec: codecs.IncrementalDecoder | None = None
        if encoding != "ascii":
            self._use(encoding)

    @property
    def name(self) -> str:
        """The encoding as people know it."""
        return NAMES.get(self.encoding, "UTF-8" if self.encoding == "ascii" else self.encoding)

    def decode(self, blocks: Iterator[bytes]) -> Iterator[str]:
        """Text without BOM and control characters. Raises FileRefused for no known encoding."""
        for number, block in enumerate(blocks):
            is_head = number == 0 and self._codec is None
            body = self._without_bom(block) if is_head else block
            if self._codec is None and not body.isascii():
                self._decide(body)
            self._lines += body.count(b"\n")
            yield self._text(body).replace("\ufeff", "")  # inside too, where files were joined
        if self._codec:
            yield self._codec.decode(b"", final=True)

    def _without_bom(self, head: bytes) -> bytes:
        for bom, encoding in _BOMS:
            if head.startswith(bom):
                self._use(encoding)
                return head.removeprefix(bom)
        if side := _wide_side(head):
            self._use(side)
        return head

    def _decide(self, block: bytes) -> None:
        text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(block)
        whole = len(text.encode("utf-8", "ignore").decode())
        valid = whole - len(text.encode("ascii", "ignore"))
        if valid >= _PROOF * (len(text) - whole):
            return self._use("utf-8")
        at = next(place for place, byte in enumerate(block) if byte > 127)
        found = _likeliest(block[max(0, at - 4096) :])
        if found is None:
            line = self._lines + block[:at].count(b"\n") + 1
            raise FileRefused(line, NO_ENCODING.format(line=line))
        return self._use(found)

    def _use(self, encoding: str) -> None:
        self.encoding = encoding
        self._codec = codecs.getincrementaldecoder(encoding)(_BROKEN)

    def _text(self, block: bytes) -> str:
        if self._codec is None:
            return block.translate(None, _DROPPED_BYTES).decode("ascii")
        if self.encoding == "utf-8":
            return self._codec.decode(block.translate(None, _DROPPED_BYTES))
        return self._codec.decode(block).translate(_DROPPED)


NO_ENCODING = (
    "line {line:,} holds the first character whose encoding is not known; save the file as"
    ' "CSV UTF-8" and drop it again.'
)


def _likeliest(sample: bytes) -> str | None:
    """The code page that makes a likely text, else the best of the encodings of two bytes."""
    if page := likeliest(sample):
        return page
    best = from_bytes(sample[:65_536], cp_isolation=_EASTERN, threshold=0.4).best()
    return best.encoding if best else None


def _wide_side(head: bytes) -> str | None:
    """UTF-16 without a BOM: a Latin letter is a byte and a NUL, always on the same side."""
    sides = (("utf-16-be", head[0::2]), ("utf-16-le", head[1::2]))
    if not head.strip(b"\0"):
        return None
    return next((name for name, side in sides if side.count(0) > 0.4 * len(side) > 0), None)
