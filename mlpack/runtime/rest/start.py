"""``GET /``: what is served here, and where its documentation and its routes are."""

from __future__ import annotations

from pydantic import BaseModel, Field

from ..manifest import Manifest


class Start(BaseModel):
    """The model, and paths on this server."""

    name: str
    version: str
    docs: str = Field(examples=["/docs"])
    openapi: str = Field(examples=["/openapi.json"])
    predict: str = Field(examples=["/predict"])
    v2: str = Field(examples=["/v2"])
    infer: str = Field(examples=["/v2/models/iris/infer"])
    metrics: str = Field(examples=["/metrics"])


def start(manifest: Manifest) -> dict[str, str]:
    """The document of a service, which is named and versioned by ``manifest``."""
    return {
        "name": manifest.name,
        "version": manifest.version,
        "docs": "/docs",
        "openapi": "/openapi.json",
        "predict": "/predict",
        "v2": "/v2",
        "infer": f"/v2/models/{manifest.name}/infer",
        "metrics": "/metrics",
    }
