"""An image as the candidate of a comparison: ``docker://name:tag`` is started, and asked like any service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlpack.images.base import present
from mlpack.images.container import running
from mlpack.images.engine import connected
from mlpack.images.reference import image_in


@contextmanager
def served(address: str) -> Iterator[str]:
    """The address over which a container of the image is asked. It is gone after the block.

    Raises UsageError for a name that is none, EngineError, SmokeTestError where the image does not get ready.
    """
    reference = image_in(address)
    with connected() as engine:
        present(engine, reference, None, lambda _: None)
        with running(engine, str(reference)) as container:
            yield f"http://{engine.host}:{container.rest}"
