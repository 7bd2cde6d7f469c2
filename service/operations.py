"""What each view takes and answers, for the API's description: the types that the service uses.

Nothing here is imported before somebody asks for the description.
"""

import re
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from service.feedback import LabelledTicket, Published
from service.model_cards import NOT_SHOWN
from service.predict import INSTANCES_MAX, Envelope, Parameters, Prediction, Predictions
from service.routes import METRICS_TYPE, MODELS_DEFAULT, MODELS_MAX
from service.tickets import OpenTicketBody
from service.trial import EXAMPLES
from urgency.bundle import Manifest, Verdict
from urgency.feedback import OTHER, URGENT
from urgency.ticket import CATEGORY_MAX, INVISIBLE, TEXT_MAX

JSON, HTML, FORM = "application/json", "text/html", "application/x-www-form-urlencoded"
SCHEME = "idToken"
"""The name of the one security scheme."""

# Patterns of JSON Schema know no characters beyond U+FFFF; an HTML tag is no text either.
_INVISIBLE = re.sub("-?[^-\0-\uffff]", "", INVISIBLE)
_SOME_TEXT = {"type": "string", "pattern": rf"[^\s\x00-\x1f\x7f{_INVISIBLE}]"}
_HAS_TEXT = {
    "anyOf": [
        {"required": [name], "properties": {name: _SOME_TEXT}} for name in ("title", "description")
    ]
}
_CHOSEN = {"required": ["example"], "properties": {"example": {"enum": [*EXAMPLES]}}}
_TRIED = {"anyOf": [*_HAS_TEXT["anyOf"], _CHOSEN]}
_BARE = _HAS_TEXT | {"not": {"required": ["instances"]}}
_TICKET = {
    "id": "T-1",
    "title": "Checkout is down",
    "description": "for all customers",
    "source": "phone",
}
_SAID = {"label": "urgent", "by": "ann@example.com"}
_LABELS = {"enum": [URGENT, OTHER]}
_SAYS = _HAS_TEXT | {"properties": {"label": _LABELS, "by": _SOME_TEXT}}
_LABELLED = Annotated[LabelledTicket, Meta(extra_json_schema=_SAYS)]
_SOME = Meta(min_length=1, max_length=INSTANCES_MAX)
_EXPLAIN_3 = {"parameters": {"explain": 3}}

Whole = Annotated[int, Meta(ge=0)]
"""A number of something, or a number from 1 on where 0 means none."""


class Ticket(OpenTicketBody):
    """A ticket: title or description holds text.

    Other members are read where a helpdesk's word for one of these is their name (`subject`,
    `body`, `channel`, `tier`, ...); `warnings` names each that is not read.
    """


class BareTicket(Ticket):
    """A ticket as the whole body, which gets one prediction as the whole answer."""

    parameters: Parameters | None = None


class Instances(Envelope):
    """Many tickets, which get as many predictions in the same order."""

    instances: Annotated[  # type: ignore[assignment]  # read as Raw first, one by one
        list[Annotated[Ticket, Meta(extra_json_schema=_HAS_TEXT)]], Meta(max_length=INSTANCES_MAX)
    ]


class Reloaded(Struct):
    """What serves after a look at the release pointer."""

    status: Literal["reloaded", "unchanged", "no_model"]
    epoch: Whole
    version: Whole


class Live(Struct):
    """The process answers."""

    status: Literal["live"]


class Ready(Struct):
    """There is a model to answer with."""

    status: Literal["ready"]
    epoch: Whole
    version: Whole


class ListedModel(Struct):
    """A version of the history; one that cannot be read has a `problem` and nothing else."""

    version: Whole
    serving: bool
    verdict: Verdict | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    rows: dict[str, int] | UnsetType = UNSET
    threshold: float | UnsetType = UNSET
    metrics: dict[str, dict[str, float]] | UnsetType = UNSET
    cause: dict[str, Any] | UnsetType = UNSET
    problem: str | UnsetType = UNSET


class Models(Struct):
    """The newest versions, promoted or not."""

    models: list[ListedModel]


class Route(Struct):
    """A view's method and its paths, the preferred one first."""

    method: str
    paths: list[str]


class Index(Struct):
    """The paths of this service."""

    service: str
    routes: list[Route]


FormText = Annotated[str, Meta(max_length=TEXT_MAX)]
FormCategory = Annotated[str, Meta(max_length=CATEGORY_MAX)]


class TriedTicket(Struct):
    """The form of the page: a ticket's fields, or an example by its number."""

    title: FormText = ""
    description: FormText = ""
    source: FormCategory = ""
    customer_tier: FormCategory = ""
    example: str = ""


def _model_card() -> type[Struct]:
    hints = get_type_hints(Manifest)
    shown = [row.name for row in fields(Manifest) if row.name not in NOT_SHOWN]
    members = [(name, hints[name]) for name in shown if name not in ("name", "manifest_sha256")]
    own = [("name", str), ("manifest_sha256", str), ("epoch", int)]
    return msgspec.defstruct("ModelCard", [*members, *own])


ModelCard = _model_card()
"""Everything known of a model except its weights: the manifest's own fields."""


@dataclass(frozen=True)
class Operation:
    """One view. `answers` (200) and `takes`: by media type one of some types.

    refuses: statuses of its problems.   pages_too: statuses that come with a page.   examples: of
    JSON that it takes, by name.
    """

    summary: str
    answers: dict[str, tuple[Any, ...]]
    refuses: tuple[int, ...] = ()
    takes: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    examples: dict[str, Any] = field(default_factory=dict)
    parameters: tuple[dict[str, Any], ...] = ()
    needs_token: bool = False
    pages_too: tuple[int, ...] = ()


_LIMIT = {
    "name": "limit",
    "in": "query",
    "description": "How many versions, the newest first.",
    "schema": {
        "type": "integer",
        "minimum": 1,
        "maximum": MODELS_MAX,
        "default": MODELS_DEFAULT,
    },
}

OPERATIONS = {
    "predict": Operation(
        "Probability, label and reasons of tickets",
        {JSON: (Predictions, Prediction)},
        (400, 413, 415, 422, 503),
        {JSON: (Instances, Annotated[BareTicket, Meta(extra_json_schema=_BARE)])},
        {"instances": {"instances": [_TICKET]} | _EXPLAIN_3, "a bare ticket": _TICKET | _EXPLAIN_3},
    ),
    "feedback": Operation(
        "What people say of tickets; the next training learns from it",
        {JSON: (Published,)},
        (400, 403, 413, 415, 422, 503),
        {JSON: (_LABELLED, Annotated[list[_LABELLED], _SOME])},
        {"one ticket": _TICKET | _SAID, "a list": [_TICKET | _SAID]},
    ),
    "reload": Operation(
        "Look at the release pointer now; for the reload identity only",
        {JSON: (Reloaded,)},
        (401, 403, 409, 503),
        needs_token=True,
    ),
    "model": Operation("The version that serves", {JSON: (ModelCard,)}, (503,)),
    "models": Operation("The history", {JSON: (Models,)}, (422, 503), parameters=(_LIMIT,)),
    "card": Operation("A version for people: a page with figures", {HTML: (str,)}, (404, 503)),
    "live": Operation("Whether the process answers", {JSON: (Live,)}),
    "ready": Operation("Whether there is a model to answer with", {JSON: (Ready,)}, (503,)),
    "metrics": Operation("Prometheus' text format", {METRICS_TYPE: (str,)}),
    "index": Operation(
        "The page to try a ticket on; for programs, the paths",
        {JSON: (Index,), HTML: (str,)},
    ),
    "try_ticket": Operation(
        "A ticket from the page's form",
        {HTML: (str,)},
        (413, 415),
        {FORM: (Annotated[TriedTicket, Meta(extra_json_schema=_TRIED)],)},
        pages_too=(422, 503),
    ),
    "openapi": Operation("This description, OpenAPI 3.1", {JSON: (dict[str, Any],)}),
    "docs": Operation("This description as a page", {HTML: (str,)}),
}
"""View -> what it takes and answers; a test fails for a view that is not here."""
