"""The seed's model behind FastAPI, as one serves it first: uvicorn bench.peer:app

Validated by pydantic, one pandas frame a request. $MODEL names the pipeline, written by joblib.
"""

from __future__ import annotations

import os

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


class Ticket(BaseModel):
    """What the model reads."""

    title: str
    description: str
    source: str
    customer_tier: str


class Body(BaseModel):
    """The shape of our own API."""

    instances: list[Ticket]


@app.post("/v1/predict")
def predict(body: Body) -> dict[str, list[float]]:
    """P(urgent) of each ticket."""
    frame = pd.DataFrame([ticket.model_dump() for ticket in body.instances])
    frame["text"] = frame["title"] + " " + frame["description"]
    return {"predictions": model.predict_proba(frame)[:, 1].tolist()}
