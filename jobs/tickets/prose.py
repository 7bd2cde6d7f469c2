"""The column in which customers wrote, where none has a known name: its cells tell.

Only one column may be it. Where two hold texts, or its name says that it was written after somebody
had seen the ticket, the owner is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from statistics import median

from urgency.vocabulary import is_null, key

_ROWS_MOST, _ROWS_LEAST = 200, 5
_WORDS = 6
"""Words that half the cells have, from which a column holds texts and no names or places."""

_LETTERS = 0.75
"""Share of letters and spaces, under which a cell is an address, a date or a command."""

_DISTINCT, _FILLED = 0.5, 0.5

_LATER = (
    *("resol", "solu", "losung", "oplossing", "fix", "workaround", "clos"),
    *("answer", "antw", "repl", "respon", "respos", "respu", "reponse", "rispost", "agent"),
    *("comment", "coment", "kommentar", "opmerking", "note", "nota", "notiz", "histor"),
    *("feedback", "review", "cause", "causa", "ursache"),
    *("step", "action", "accion", "azion", "acao", "massnahme", "assign", "sla"),
    *("address", "adress", "enderec", "direcc", "indirizz", "path", "url", "prompt"),
)
"""Parts of names of what is written later, or of something else."""


def text_column(
    names: Sequence[str], unknown: Collection[int], rows: Iterable[Sequence[str]]
) -> int | None:
    """The only one of the unknown columns that holds texts; None where there is none or several."""
    first = [row for _, row in zip(range(_ROWS_MOST), rows, strict=False)]
    texts = [at for at in unknown if _holds_texts([row[at] for row in first if at < len(row)])]
    asked = [at for at in texts if not _is_later(names[at])]
    return asked[0] if len(asked) == 1 else None


def _is_later(name: str) -> bool:
    plain = key(name)
    return not plain or any(part in plain for part in _LATER)


def _holds_texts(cells: Sequence[str]) -> bool:
    """Whether these are sentences: of many words, nearly all letters, and hardly ever the same."""
    filled = [cell for cell in cells if not is_null(cell)]
    if len(filled) < max(_ROWS_LEAST, _FILLED * len(cells)):
        return False
    if len(set(filled)) < _DISTINCT * len(filled):
        return False
    letters = median(sum(map(_is_letter, cell)) / len(cell) for cell in filled)
    return median(len(cell.split()) for cell in filled) >= _WORDS and letters >= _LETTERS


def _is_letter(sign: str) -> bool:
    return sign.isalpha() or sign.isspace()
