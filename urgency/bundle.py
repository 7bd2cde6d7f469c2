"""Model bundle: a manifest (JSON) and the parts it names by sha256. Data, never code: nothing in it
is executed.

Parts: `arrays.npz` (idf and coefficient of each hashed feature), `golden.json` (fixed tickets and
the probabilities that they must get), `metrics.json`, `accounting.json` (what became of every file
and row), `card.html` (for people), `honest.npz` (what fits that had not seen a ticket said of it),
`reference.npz` (counts of what the tickets look like, for drift; older versions have none).
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from urgency.errors import CorruptObject
from urgency.features import WORDS_AND_PAIRS, Kinds, features_with

FORMAT = 2
"""1 hashed pairs as strings: its manifests are read, its arrays mean nothing to this code."""

ARRAYS, GOLDEN = "arrays.npz", "golden.json"
METRICS, ACCOUNTING, CARD, HONEST = "metrics.json", "accounting.json", "card.html", "honest.npz"
REFERENCE = "reference.npz"

Fetch = Callable[[str], bytes]
"""sha256 in hex -> the bytes of that part. Raises Unavailable, Gone or CorruptObject."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided (PROMOTE, HOLD, REJECT), why, and against which version (0: none)."""

    decision: str
    reasons: tuple[str, ...]
    against: int

    @staticmethod
    def from_members(members: dict[str, Any]) -> Verdict:
        """The verdict that a JSON object tells."""
        return Verdict(members["decision"], tuple(members["reasons"]), members["against"])


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a model that is not an array; storing it is the commit point of a training.

    `bias` and `weights` (one-hot, by column and category) are in log-odds, calibration included;
    `unseen_idf` is the idf of a word that no training ticket had; `kinds`: what pairs and stems
    count; `review`: the band of probabilities that a person should look at; `tickets`: a digest of
    the accepted tickets, "" in versions that do not have it.
    """

    version: int
    snapshot: str
    recipe: str
    parts: dict[str, str]
    bias: float
    unseen_idf: float
    threshold: float
    review: tuple[float, float] | None
    weights: dict[str, dict[str, float]]
    metrics: dict[str, dict[str, float]]
    rows: dict[str, int]
    verdict: Verdict
    cause: dict[str, Any]
    libraries: dict[str, str]
    execution: str
    created_at: str
    forced_by: str | None = None
    tickets: str = ""
    kinds: Kinds = WORDS_AND_PAIRS
    format: int = FORMAT
    sha256: str = field(default="", compare=False)
    """Of the stored bytes, by which the release pointer names it; "" before it is stored."""

    def to_bytes(self) -> bytes:
        """The canonical JSON that is stored."""
        members = asdict(self)
        del members["sha256"]
        return canonical_json(members)


@dataclass(frozen=True, slots=True)
class Arrays:
    """What was learned of each hashed feature seen in training; all of shape (features,).

    `feature` rises; `idf` is times the weight of its kind; `coef` is in log-odds, calibration
    included.
    """

    feature: NDArray[np.int32]
    idf: NDArray[np.float64]
    coef: NDArray[np.float64]

    def to_bytes(self) -> bytes:
        """The part `arrays.npz`, not compressed: equal arrays give equal bytes on every machine."""
        body = io.BytesIO()
        np.savez(body, feature=self.feature, idf=self.idf, coef=self.coef)
        return body.getvalue()


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified model; `golden` pairs tickets with the probabilities that they must get."""

    manifest: Manifest
    arrays: Arrays
    golden: list[dict[str, Any]]


def canonical_json(value: Any) -> bytes:
    """The one JSON spelling of a value, so that equal values have equal digests."""
    form: dict[str, Any] = {"sort_keys": True, "separators": (",", ":"), "ensure_ascii": False}
    return json.dumps(value, allow_nan=False, **form).encode()


def digest(body: bytes) -> str:
    """sha256 in hex, the name of a blob."""
    return sha256(body).hexdigest()


def read_manifest(body: bytes) -> Manifest:
    """The manifest in `body`. Raises CorruptObject, which names a format newer than this code."""
    try:
        members = json.loads(body)
        if members["format"] > FORMAT:
            newer = f"Bundle format {members['format']} is newer than {FORMAT}"
            raise CorruptObject(f"{newer}; deploy the newer service.")
        members["verdict"] = Verdict.from_members(members["verdict"])
        members["review"] = members["review"] and tuple(members["review"])
        members["kinds"] = Kinds(*members.get("kinds", ()))
        members["sha256"] = digest(body)
        known = {row.name for row in fields(Manifest)}
        return Manifest(**{name: value for name, value in members.items() if name in known})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CorruptObject(f"A manifest does not parse: {error!r}.") from None


def read_bundle(manifest_body: bytes, fetch: Fetch) -> Bundle:
    """Load what scoring needs, each part checked against its digest. Raises CorruptObject."""
    manifest = read_manifest(manifest_body)
    if manifest.format < FORMAT:
        older = (
            f"Version {manifest.version} has bundle format {manifest.format}, older than {FORMAT}"
        )
        raise CorruptObject(f"{older}; the next training makes one that this code reads.")
    arrays = _read_arrays(read_part(manifest, ARRAYS, fetch), features_with(manifest.kinds))
    try:
        golden = json.loads(read_part(manifest, GOLDEN, fetch))
    except ValueError:
        raise CorruptObject(f"{GOLDEN} does not parse.") from None
    return Bundle(manifest, arrays, golden)


def read_part(manifest: Manifest, name: str, fetch: Fetch) -> bytes:
    """One part's bytes, equal to what the manifest's digest says. Raises CorruptObject."""
    expected = manifest.parts.get(name)
    if expected is None:
        raise CorruptObject(f"Version {manifest.version} has no part {name}.")
    body = fetch(expected)
    if digest(body) != expected:
        what = f"{name} of version {manifest.version}"
        raise CorruptObject(f"{what} does not match its digest; it is never loaded.")
    return body


def _read_arrays(body: bytes, features: int) -> Arrays:
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            arrays = Arrays(stored["feature"], stored["idf"], stored["coef"])
    except Exception as error:  # noqa: BLE001  zip, npy and numpy each raise their own
        raise CorruptObject(f"{ARRAYS} does not parse: {error!r}.") from None
    columns: list[NDArray[Any]] = [arrays.feature, arrays.idf, arrays.coef]
    forms = [(column.dtype.name, column.shape) for column in columns]
    one_length = (arrays.feature.size,)
    if forms != [(name, one_length) for name in ("int32", "float64", "float64")]:
        raise CorruptObject(f"{ARRAYS} does not hold feature, idf and coef of one length.")
    if arrays.feature.size and not 0 <= arrays.feature.min() <= arrays.feature.max() < features:
        raise CorruptObject(f"{ARRAYS} holds features that this code does not have.")
    return arrays
