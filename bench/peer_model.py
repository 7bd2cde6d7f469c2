"""What every peer serves: the seed's pipeline, and the ticket that its clients send."""

from __future__ import annotations

import os
from typing import Any

import joblib
import pandas as pd
from pydantic import BaseModel, StrictStr


class Ticket(BaseModel):
    """What the model reads."""

    title: StrictStr
    description: StrictStr
    source: StrictStr
    customer_tier: StrictStr


class Body(BaseModel):
    """The shape of our own API."""

    instances: list[Ticket]


def loaded() -> Any:
    """The pipeline, written by joblib to $MODEL."""
    return joblib.load(os.environ["MODEL"])


def with_text(frame: pd.DataFrame) -> pd.DataFrame:
    """The pipeline's first step, because clients send title and description."""
    return frame.assign(text=frame["title"] + " " + frame["description"])


def probabilities(model: Any, tickets: list[Ticket]) -> dict[str, list[float]]:
    """P(urgent) of each ticket: one pandas frame a request."""
    frame = pd.DataFrame([ticket.model_dump() for ticket in tickets])
    return {"predictions": model.predict_proba(frame)[:, 1].tolist()}
