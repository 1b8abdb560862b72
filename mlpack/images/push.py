"""Sends an image to its registry, with the login that docker has for it."""

from __future__ import annotations

from mlpack.core.errors import EngineError
from mlpack.images.engine import Engine
from mlpack.images.failures import classified, told
from mlpack.images.reference import Reference


def push(engine: Engine, reference: Reference) -> str:
    """Push the image. Returns the digest by which the registry knows it. Raises EngineError; the image stays tagged here."""
    doing = f"the image {reference} is tagged here, and cannot be pushed"
    digest = ""
    with told(doing):
        for event in engine.api.push(reference.repository, tag=reference.tag, stream=True, decode=True):
            if "error" in event:
                raise classified(doing, str(event["error"]))
            digest = str((event.get("aux") or {}).get("Digest", digest))
    if not digest:
        raise EngineError(doing, why="the registry gave no digest", hint=f"docker push {reference}")
    return digest
