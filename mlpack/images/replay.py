"""Asks a container for the golden predictions, over REST and over gRPC, and compares with the original's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mlpack.core.errors import MlpackError, SmokeTestError, UsageError, WorkerError
from mlpack.images.container import Running
from mlpack.runtime.errors import StartError
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.service.golden import Golden, difference, read_golden
from mlpack.runtime.session import Array
from mlpack.verify.remote.address import address_of
from mlpack.verify.remote.session import open_session
from mlpack.verify.remote.transport import RefusedError

Protocol = Literal["REST", "gRPC"]
_SECONDS = 60.0


@dataclass(frozen=True)
class Replay:
    """Golden predictions that were given again. ``max_abs`` is the worst absolute error of a number, ``labels`` the share of
    labels that are equal, None where there are none.
    """

    protocol: Protocol
    rows: int
    max_abs: float
    labels: float | None

    def to_json(self) -> dict[str, Any]:
        """The replay as JSON-ready values."""
        return {"protocol": self.protocol, "rows": self.rows, "max_abs": self.max_abs, "label_agreement": self.labels}


def replayed(container: Running, manifest: Manifest) -> list[Replay]:
    """Ask ``container`` for the golden predictions of the bundle here, over both protocols.

    Raises SmokeTestError with the container's log where an answer is another one, or there is none.
    """
    try:
        golden = read_golden(manifest.folder, manifest.signature)
    except StartError as error:
        raise SmokeTestError(error.message, why=error.why) from error
    host = container.engine.host
    addresses: dict[Protocol, str] = {
        "REST": f"http://{host}:{container.rest}",
        "gRPC": f"grpc://{host}:{container.grpc}",
    }
    return [_replay(protocol, address, golden, container, manifest) for protocol, address in addresses.items()]


def _replay(protocol: Protocol, address: str, golden: Golden, container: Running, manifest: Manifest) -> Replay:
    try:
        session = open_session(address_of(address), [manifest.name], _SECONDS)
        with session:
            answers = session.run(golden.inputs)
    except (WorkerError, UsageError, RefusedError) as error:
        why = error.why if isinstance(error, MlpackError) else ""
        raise _failed(protocol, f"{error}{f': {why}' if why else ''}", container) from error
    for name, expected in golden.outputs.items():
        given = answers.get(name)
        if given is None:
            raise _failed(protocol, f"there is no output {name}", container)
        wrong = difference(name, np.asarray(given), expected, golden.tolerances.get(name))
        if wrong:
            raise _failed(protocol, wrong, container)
    pairs = [(np.asarray(answers[name]), expected) for name, expected in golden.outputs.items()]
    numbers = [_worst(given, expected) for given, expected in pairs if expected.dtype.kind in "fV"]
    labels = [float(np.mean(given == expected)) for given, expected in pairs if expected.dtype.kind not in "fV"]
    return Replay(protocol, golden.rows, max(numbers, default=0.0), min(labels, default=None))


def _worst(given: Array, expected: Array) -> float:
    with np.errstate(invalid="ignore"):
        apart = np.abs(given.astype(np.float64) - expected.astype(np.float64))
    return float(np.max(apart[np.isfinite(apart)], initial=0.0))


def _failed(protocol: Protocol, what: str, container: Running) -> SmokeTestError:
    return SmokeTestError(
        f"the image does not answer over {protocol} as the original model does: {what}",
        why=container.log or "its log is empty",
        hint="pack the model again: mlpack pack MODEL -o NAME.mlpack",
    )
