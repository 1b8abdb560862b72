"""What is known of a model, and what it did when it was served on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Way = Literal["/predict", "OIP binary", "gRPC"]
"""How a service is asked: typed JSON, tensors as bytes over HTTP, tensors as bytes over gRPC."""
WAYS: tuple[Way, ...] = ("/predict", "OIP binary", "gRPC")
UTILISATION = 0.65
"""How busy a replica may be on average at the peak. A queue before a server that is busy to a share u makes an answer take
1 / (1 - u) times as long, 2.9 times here and 10 times at 0.9: https://en.wikipedia.org/wiki/M/M/1_queue.
"""


@dataclass(frozen=True)
class ModelFacts:
    """A packed model. ``values`` are the numbers in one row; ``framework`` is that of the original, ``size`` in bytes."""

    name: str
    version: str
    format: str
    framework: str
    size: int
    values: int

    @property
    def is_network(self) -> bool:
        """Whether an accelerator may help it: tensors through layers, and no trees."""
        return self.framework in {"keras", "torch", "torchscript", "onnx"} and self.format in {"onnx", "torchscript"}


@dataclass(frozen=True)
class Load:
    """What a service did for so many ``connections``, each with one request at a time. Times are in seconds.

    ``rate`` is in requests a second, ``processor`` is the service's processor time for one request.
    """

    connections: int
    rate: float
    p50: float
    p99: float
    processor: float

    @property
    def capacity(self) -> float:
        """Requests a second that one processor has time for, whatever else runs on the machine (the utilisation law)."""
        return 1 / self.processor if self.processor > 0 else self.rate

    @property
    def busy(self) -> float:
        """Processors that the service kept busy meanwhile."""
        return self.rate * self.processor


@dataclass(frozen=True)
class BatchRun:
    """A run: ``rows`` at a time, ``rate`` a second on ``processors``; ``start`` are seconds until the first answer.

    ``files`` says that it is one of `mlpack batch`, from file to file, and none over rows in memory.
    """

    rows: int
    rate: float
    processors: int
    start: float
    files: bool = False

    @property
    def rate_of_one(self) -> float:
        """Rows a second on one processor."""
        return self.rate / self.processors


@dataclass(frozen=True)
class Measurements:
    """One worker with one processor for its model: asked one at a time (``alone``) and by several (``together``).

    ``start`` are seconds until it was ready, ``memory`` bytes that it held resident after it was asked; ``rows`` were in each
    request.
    """

    rows: int
    alone: Mapping[Way, Load]
    together: Mapping[Way, Load]
    start: float
    memory: int
    batch: BatchRun
    processors: int

    def to_json(self) -> dict[str, Any]:
        """The measurements as JSON-ready values."""
        return {
            **asdict(self),
            **{
                part: {
                    way: {**asdict(load), "capacity": load.capacity, "busy": load.busy}
                    for way, load in getattr(self, part).items()
                }
                for part in ("alone", "together")
            },
        }
