"""A column's name that the vocabulary does not list, but that says the same as one it lists.

"priority_name", "Ticket.Priority", "fields.priority.name", "u_priority", "Priority__c", "prioridade
do chamado" are all the priority; "data_abertura" is "data de abertura". Such names differ in what
they are put together with, in particles and in the order of words, and these are left out here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from urgency.vocabulary import key, names

ROLES_FOUND = ("title", "description", "source", "created_at", "updated_at", "label_urgency")
"""Not an id: that of something else beside the ticket would make one of several tickets."""

_LABEL = "label_urgency"
_WORDS_MOST = 6
"""Words from which a cell is a text and no name."""

_ENTITIES = (
    "ticket tickets case issue incident request problem bug conversation email"
    " chamado chamados solicitação ocorrência caso incidente incidencia problema solicitud"
    " demande problème anfrage vorgang störung segnalazione richiesta melding"
)
_TOOLS = "u c x hs cf sys sn custom field fields properties attributes node jira zendesk servicenow"
_FORMS = "name value text label preview raw string html plain display"
_PARTICLES = "de da do das dos del della di d du des la le el l of the van het der"
_CODES = frozenset({"id", "code", "level", "class"})
"""What a level may be written as: it is asked for which ones are urgent."""

_EMPTY = frozenset(
    key(word) for words in (_ENTITIES, _TOOLS, _FORMS, _PARTICLES) for word in words.split()
)
_SEPARATORS = re.compile(r"[;|\t]")
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def related_name(name: str) -> tuple[str, int] | None:
    """The role of a name by what it is put together of, and the rank of the name that it means."""
    words = [key(word) for word in _WORD.findall(_CAMEL.sub(" ", name))]
    if not 1 < len(words) <= _WORDS_MOST or _SEPARATORS.search(name):
        return None
    if found := _known().get(_plain(words)):
        return found
    found = _known().get(_plain([word for word in words if word not in _CODES]))
    return found if found and found[0] == _LABEL else None


def _plain(words: Collection[str]) -> tuple[str, ...]:
    """The words that say something, in one order; () where none does."""
    return tuple(sorted(word for word in words if word not in _EMPTY))


@cache
def _known() -> dict[tuple[str, ...], tuple[str, int]]:
    """What the names of the vocabulary say -> role and rank."""
    found: dict[tuple[str, ...], tuple[str, int]] = {}
    for role in ROLES_FOUND:
        for rank, name in enumerate(names(role)):
            if plain := _plain([key(word) for word in _WORD.findall(name)]):
                found.setdefault(plain, (role, rank))
    return found
