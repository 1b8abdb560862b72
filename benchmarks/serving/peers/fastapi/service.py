"""What a tutorial writes: a typed request, a model from joblib, `predict_proba`.

``async def`` rather than ``def``: a hop to a thread costs more than it gives on one core.
"""

from __future__ import annotations

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load("model.joblib")
classes = [str(label) for label in model.classes_]


class Request(BaseModel):
    instances: list[list[float]]


class Prediction(BaseModel):
    label: str
    probabilities: dict[str, float]


class Response(BaseModel):
    predictions: list[Prediction]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
async def predict(request: Request) -> Response:
    probabilities = model.predict_proba(np.array(request.instances))
    return Response(
        predictions=[
            Prediction(label=classes[row.argmax()], probabilities=dict(zip(classes, row.tolist(), strict=True)))
            for row in probabilities
        ]
    )
