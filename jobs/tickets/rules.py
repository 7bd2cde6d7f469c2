"""Which column is what and which value is urgent: vocabulary, settings and `mapping.csv` in one.

What the owner of a file says comes first, then the installation's settings, then the vocabulary.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

from jobs.tickets.related_names import listed_name
from urgency.settings import Settings
from urgency.vocabulary import ROLES, holds_tags, key, names, role_of, sides

OWN_RANK = -1
"""Before every rank of the vocabulary."""

RELATED_RANK = 5_000
"""Behind every name that the vocabulary lists: names that mean the same as one of them."""

TAGS_RANK = 10_000
"""Behind every rank of the vocabulary: tags are the label only where nothing else is."""

LABEL = "label_urgency"

IGNORED = "ignore"
"""The role of a column that its owner wants left out."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`columns`: name -> role; `labels`: value -> urgent or not, "" for blank; by normal form."""

    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, bool] = field(default_factory=dict)

    def over(self, base: Rules) -> Rules:
        """These rules, and those of `base` where these say nothing."""
        return Rules({**base.columns, **self.columns}, {**base.labels, **self.labels})

    def role_of(self, name: str) -> tuple[str, int] | None:
        """A column's role and how much it is preferred for it (less is more); None for neither."""
        own = self.columns.get(key(name))
        if own is not None:
            return None if own == IGNORED else (own, OWN_RANK)
        if role := role_of(name):
            return role, _ranks()[key(name)]
        if holds_tags(name):
            return LABEL, TAGS_RANK
        listed = listed_name(name) or ""
        role = role_of(listed)
        return (role, RELATED_RANK + _ranks()[key(listed)]) if role else None

    def is_own_name(self, name: str) -> bool:
        """Whether these rules say what a column of that name is, whatever the vocabulary says."""
        return key(name) in self.columns

    def sides(self, values: Collection[str], column: str) -> dict[str, bool | None]:
        """For each value of a label column whether it is urgent; None where it is not known."""
        own = {value: self.labels.get(key(value)) for value in values}
        known = sides(values, column if role_of(column) else listed_name(column) or column)
        return {value: known[value] if own[value] is None else own[value] for value in values}

    @property
    def blank(self) -> bool | None:
        """What a blank label means; None: not labelled."""
        return self.labels.get("")


NO_RULES = Rules()


def rules_of(settings: Settings) -> Rules:
    """The rules of an installation."""
    columns = {key(header): role for header, role in settings.column_aliases}
    labels = dict.fromkeys(map(key, settings.other_labels), False)
    labels |= dict.fromkeys(map(key, settings.urgent_labels), True)
    return Rules(columns, labels)


@cache
def _ranks() -> dict[str, int]:
    """How much each name is preferred for its role; less is more."""
    return {key(name): rank for role in ROLES for rank, name in enumerate(names(role))}
