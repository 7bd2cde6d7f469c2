"""The peers' model behind FastAPI, validated by pydantic: uvicorn bench.peer_fastapi:app."""

from __future__ import annotations

from fastapi import FastAPI

from bench.peer_model import Body, loaded, probabilities

app = FastAPI()
model = loaded()


@app.post("/predict")
def predict(body: Body) -> dict[str, list[float]]:
    """P(urgent) of each ticket."""
    return probabilities(model, body.instances)
