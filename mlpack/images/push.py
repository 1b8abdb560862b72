"""Sends an image to its registry, with the login that docker has for it."""

from __future__ import annotations

from collections.abc import Mapping

from mlpack.core.errors import EngineError
from mlpack.images.engine import Engine
from mlpack.images.failures import Kind, classified, told
from mlpack.images.reference import Reference


def push(engine: Engine, reference: Reference) -> str:
    """Push the image. Returns the digest by which the registry knows it. Raises EngineError; the image stays tagged here."""
    doing = f"the image {reference} is tagged here, and cannot be pushed"
    hints = hints_for(reference)
    digest = ""
    with told(doing, hints):
        for event in engine.api.push(reference.repository, tag=reference.tag, stream=True, decode=True):
            if "error" in event:
                raise classified(doing, str(event["error"]), hints)
            digest = str((event.get("aux") or {}).get("Digest", digest))
    if not digest:
        raise EngineError(doing, why="the registry gave no digest", hint=f"docker push {reference}")
    return digest


def hints_for(reference: Reference) -> Mapping[Kind, str]:
    """What to do where the registry is not there, or does not take the image: it need not be built again."""
    again, registry = f"docker push {reference}", reference.registry
    if not registry:
        own = f"-t REGISTRY/{reference}"
        where = f"the name has no registry, so it goes to Docker Hub: docker login && {again}; for another: {own}"
        return dict.fromkeys(("login", "image", "network"), where)
    return {
        "network": f"is {registry}, the first part of the name, a registry that the engine reaches? Once it is: {again}",
        "login": f"docker login {registry} && {again}",
        "image": f"is there such a place in {registry}? Once it is: {again}",
    }
