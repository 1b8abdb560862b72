"""Serves a model on this machine and times it: over REST, over gRPC, and in a batch run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mlpack.advise.measurements import WAYS, Load, Measurements, ModelFacts, Way
from mlpack.runtime.manifest import Manifest

if TYPE_CHECKING:
    from mlpack.advise.measure.requests import Requests
    from mlpack.advise.measure.service import Served

MOST_CONNECTIONS = 64
_FEWEST = 2


def facts_of(manifest: Manifest) -> ModelFacts:
    """What the manifest of a bundle says of its model, as far as advice needs it."""
    import math

    sizes = [[dim for dim in spec.shape if isinstance(dim, int)] for spec in manifest.signature.inputs]
    return ModelFacts(
        manifest.name,
        manifest.version,
        manifest.model_format,
        str(manifest.document["source"]["framework"]),
        manifest.model_path.stat().st_size,
        sum(math.prod(size) for size in sizes),
    )


def measure(
    manifest: Manifest, *, rows: int, clients: int, seconds: float, vouching: Sequence[str], tell: Callable[[str], None]
) -> Measurements:
    """Serve the judged bundle and time it for ``seconds`` in each way: one caller, then ``clients`` of them.

    ``vouching`` are the flags with which its user vouched for it. ``tell`` hears what is being done. What sends the requests is
    a process of its own on the same machine. Raises WorkerError where it does not answer, and what `mlpack serve` ends with.
    """
    from mlpack.advise.measure.files import file_run
    from mlpack.advise.measure.offline import batch_run
    from mlpack.advise.measure.requests import requests_of
    from mlpack.advise.measure.service import served
    from mlpack.doctor.machine import this_machine

    requests = requests_of(manifest, rows)
    several = max(_FEWEST, min(clients, MOST_CONNECTIONS))
    tell(f"starting the service of {manifest.name}")
    with served(manifest, requests, vouching=vouching) as service:
        alone = {way: _timed(service, requests, way, 1, seconds, tell) for way in WAYS}
        together = {way: _timed(service, requests, way, several, seconds, tell) for way in WAYS}
        memory = service.memory()
    tell("a batch run")
    processors = max(1, int(this_machine().cpus))
    batch = file_run(manifest, batch_run(manifest, seconds, processors), seconds, vouching)
    return Measurements(requests.rows, alone, together, service.start, memory, batch, processors)


def _timed(
    service: Served, requests: Requests, way: Way, connections: int, seconds: float, tell: Callable[[str], None]
) -> Load:
    from mlpack.advise.measure.service import load

    tell(f"{way}, {connections} at a time" if connections > 1 else f"{way}, one at a time")
    return load(service, requests, way, connections, seconds)
