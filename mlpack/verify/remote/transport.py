"""What both protocols have in common: how a service describes its model, and the ways in which it may not answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from mlpack.core.errors import UsageError, WorkerError
from mlpack.runtime.coerce.oip import DTYPES
from mlpack.runtime.session import Feed, Outputs
from mlpack.runtime.signature import Dim, Signature, TensorSpec
from mlpack.verify.remote.address import Address

KEY_VARIABLE = "MLPACK_API_KEY"
_TRIES = 6
_LONGEST_PAUSE = 5.0
_T = TypeVar("_T")
Tensor = tuple[str, str, Sequence[int]]
"""Name, datatype and shape; -1 is an axis of any size."""


class RefusedError(Exception):
    """The service does not take these values, or its model raised on them."""


class TooLargeError(Exception):
    """The service does not take so much in one request."""


class BusyError(Exception):
    """The service takes nothing at the moment. ``pause`` is in seconds."""

    def __init__(self, message: str, pause: float = 0.5) -> None:
        super().__init__(message)
        self.pause = pause


class UnknownError(Exception):
    """There is no such model, or no such page."""


@dataclass(frozen=True)
class Described:
    """What a service says of itself and of the model that is asked."""

    model: str
    version: str
    platform: str
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    server: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """One connection to a service. Every method raises BusyError, UsageError and WorkerError."""

    address: Address

    def models(self) -> list[str] | None:
        """The names of the models that are served; None from a service that does not list them."""
        ...

    def describe(self, model: str) -> Described:
        """What the service says of ``model``. Raises Unknown."""
        ...

    def infer(self, model: Described, feed: Feed) -> Outputs:
        """The answer to ``feed``. Raises RefusedError, TooLarge."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


def key() -> str:
    """The API key of the service, from the environment."""
    return os.environ.get(KEY_VARIABLE, "")


def patiently(ask: Callable[[], _T], address: Address) -> _T:
    """The answer of ``ask``, which is put off a few times where the service is busy. Raises WorkerError in the end."""
    for remaining in reversed(range(_TRIES)):
        try:
            return ask()
        except BusyError as busy:
            if not remaining:
                raise WorkerError(f"the service at {address.place} takes no requests", why=str(busy)) from busy
            time.sleep(min(busy.pause, _LONGEST_PAUSE))
    raise AssertionError("unreachable")


def signature_of(described: Described, address: Address) -> Signature:
    """The signature of a model by its metadata: the first axis is the batch where it is free. Raises UsageError."""
    if not described.inputs or not described.outputs:
        raise UsageError(
            f"the service at {address.place} does not say what {described.model} takes and gives",
            why="its metadata lists no inputs or no outputs",
            hint="declare them in the settings of that server",
        )
    return Signature(
        tuple(_spec(*tensor, address) for tensor in described.inputs),
        tuple(_spec(*tensor, address) for tensor in described.outputs),
    )


def _spec(name: str, datatype: str, shape: Sequence[int], address: Address) -> TensorSpec:
    if datatype not in DTYPES:
        raise UsageError(
            f"the service at {address.place} has {name} of {datatype!r}, which is no datatype of the protocol"
        )
    dims: list[Dim] = []
    for axis, size in enumerate(shape):
        dims.append(int(size) if size >= 0 else "batch" if axis == 0 else f"{name}_axis_{axis}")
    return TensorSpec(name, DTYPES[datatype], tuple(dims))


def unauthorized(address: Address, why: str) -> UsageError:
    """The error for a service that wants a key, or another one."""
    hint = f"the key in {KEY_VARIABLE} is not the right one" if key() else f"set {KEY_VARIABLE} to its key"
    return UsageError(f"the service at {address.place} lets nobody in without a key", why=why, hint=hint)


def stranger(address: Address, why: str) -> UsageError:
    """The error for what answers, and does not speak the protocol."""
    other = "grpc" if not address.is_grpc else "http"
    return UsageError(
        f"what listens on {address.place} does not speak the Open Inference Protocol over {address.scheme}",
        why=why,
        hint=f"check the port: the other one may be the right one, or it is {other}://",
    )


def unreachable(address: Address, error: OSError) -> UsageError:
    """The error for an address on which nothing listens."""
    return UsageError(
        f"nothing answers on {address.place}",
        why=error.strerror or str(error) or type(error).__name__,
        hint="start the service, or check the address: mlpack serve MODEL",
    )


def error_text(document: Any) -> str:
    """The one line of an error's body."""
    text = document.get("error") or document.get("detail") if isinstance(document, dict) else None
    return " ".join(str(text or document or "no reason given").split())[:400]
