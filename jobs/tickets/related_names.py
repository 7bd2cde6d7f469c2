"""A column's name that the vocabulary does not list, but that says the same as one it lists.

"priority_name", "Ticket.Priority", "fields.priority.name", "u_priority", "Priority__c", "prioridade
do chamado" are all the priority; "data_abertura" is "data de abertura". Such names differ in what
they are put together with, in particles and in the order of words, and these are left out here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from urgency.vocabulary import key, names, role_of

ROLES_FOUND = ("title", "description", "source", "created_at", "updated_at", "label_urgency")
"""Not an id: that of something else beside the ticket would make one of several tickets."""

_LABEL = "label_urgency"
_WORDS_MOST = 6
"""Words from which a cell is a text and no name."""

_ENTITIES = (
    "ticket tickets case issue incident request problem bug conversation email complaint task query"
    " inquiry"
    " chamado chamados solicitação ocorrência caso incidente incidencia problema solicitud"
    " reclamo reclamação queja plainte réclamation demande problème anfrage vorgang störung"
    " beschwerde segnalazione richiesta reclamo melding klacht"
)
_TOOLS = (
    "u c x hs cf sys sn custom field fields properties attributes node jira zendesk servicenow"
    " campo personalizado personalizzato champ personnalisé benutzerdefiniertes feld aangepast veld"
)
_FORMS = "name value text label preview raw string html plain display"
_PARTICLES = "de da do das dos del della di d du des la le el l of the van het der"
_OF_LABELS = "id code level class actual true final current initial original assigned reported"
"""How a level is written, which are asked about, and which one of several that people gave."""

_EMPTY = frozenset(
    key(word) for words in (_ENTITIES, _TOOLS, _FORMS, _PARTICLES) for word in words.split()
)
_SEPARATORS = re.compile(r"[;|\t]")
_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")


def listed_name(name: str) -> str | None:
    """The name of the vocabulary that another one means; None where it means none."""
    words = [key(word) for word in _WORD.findall(_CAMEL.sub(" ", name))]
    if not 1 < len(words) <= _WORDS_MOST or _SEPARATORS.search(name):
        return None
    if found := _listed().get(_plain(words)):
        return found
    found = _listed().get(_plain([word for word in words if word not in _OF_LABELS.split()]))
    return found if found and role_of(found) == _LABEL else None


def _plain(words: Collection[str]) -> tuple[str, ...]:
    """The words that say something, in one order; () where none does."""
    return tuple(sorted(word for word in words if word not in _EMPTY))


@cache
def _listed() -> dict[tuple[str, ...], str]:
    """The words of the vocabulary's names but particles -> the preferred one of these names.

    Their other words stay: a "customer complaint" is no customer.
    """
    found: dict[tuple[str, ...], str] = {}
    for role in ROLES_FOUND:
        for name in names(role):
            words = sorted(key(word) for word in _WORD.findall(name))
            found.setdefault(tuple(word for word in words if word not in _PARTICLES.split()), name)
    return found
