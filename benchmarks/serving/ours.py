"""`mlpack serve` as it is started by everybody: a bundle, a port, one worker."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.bodies import Asked, cancer_rows, oip_binary, oip_grpc, oip_json, predict
from serving.contenders import HERE, run_once
from serving.loads import Target
from serving.process import HOST, Launch, free_port

MLPACK = (sys.executable, "-m", "mlpack")
PROTOCOLS: tuple[Callable[[Asked], Target], ...] = (predict, oip_json, oip_binary, oip_grpc)


@dataclass(frozen=True)
class Mlpack:
    """The bundle at ``bundle``, served with ``options`` and asked each of ``asked``."""

    bundle: Path
    asked: Sequence[Target]
    options: tuple[str, ...] = ()
    name: str = "mlpack serve"

    def prepare(self, folder: Path) -> None:
        """Nothing to prepare: the bundle is there."""

    def launch(self, folder: Path) -> Launch:
        """Through the command line, which becomes the service."""
        port, second = free_port(), free_port()
        ports = ["--host", HOST, "-p", str(port), "--grpc-port", str(second)]
        return Launch(
            [*MLPACK, "serve", str(self.bundle), *ports, *self.options], folder, port, "/readyz", grpc_port=second
        )

    def targets(self) -> Sequence[Target]:
        """Every protocol that it was given a request for."""
        return self.asked


def pack_cancer(model: str, folder: Path) -> Path:
    """The bundle of ``linear`` or ``forest``, from the file that the peers serve."""
    written = folder / f"{model}.joblib"
    run_once([sys.executable, str(HERE / "peers" / "train.py"), model, str(written)], folder)
    return _pack(written)


def pack_wide(folder: Path) -> Path:
    """The bundle of a network of 1024 inputs and two layers of 1024, fitted on the digits drawn four times as large."""
    run_once([sys.executable, str(HERE / "wide.py"), str(folder / "wide.joblib")], folder)
    return _pack(folder / "wide.joblib")


def _pack(file: Path) -> Path:
    bundle = file.with_suffix(".mlpack")
    run_once([*MLPACK, "pack", str(file), "-o", str(bundle)], file.parent)
    return bundle


def cancer_expected(model: str) -> float:
    """The probability of the second class that scikit-learn gives for the row."""
    from serving.peers.train import fitted

    return float(fitted(model).predict_proba(cancer_rows())[0][1])


def cancer_asked(bundle: Path, expected: float | None = None) -> Asked:
    """One row for a model of the cancer data."""
    return asked_of(bundle, np.array(cancer_rows()), expected=expected)


def wide_asked(bundle: Path, connections: int) -> Asked:
    """One digit for the wide network."""
    from serving.wide import large_digits

    return asked_of(bundle, large_digits()[0][100:101], connections=connections)


def asked_of(bundle: Path, rows: NDArray[np.float64], connections: int = 16, expected: float | None = None) -> Asked:
    """``rows`` in the dtype of the one input of the bundle's model."""
    from mlpack.runtime.manifest import read_manifest

    manifest = read_manifest(bundle)
    (spec,) = manifest.signature.inputs
    return Asked(manifest.name, spec.name, rows.astype(spec.dtype), connections, expected)


def grpc_answer(bundle: Path) -> bytes:
    """A message of the size that the service answers one row with."""
    from mlpack.runtime.manifest import read_manifest
    from mlpack.runtime.rpc import open_inference_pb2 as messages

    manifest = read_manifest(bundle)
    answer = messages.ModelInferResponse(model_name=manifest.name, model_version=manifest.version)
    for spec in manifest.signature.outputs:
        shape = [1 if dim == "batch" else int(dim) for dim in spec.shape]
        answer.outputs.add(name=spec.name, datatype="INT64" if spec.dtype == "int64" else "FP32", shape=shape)
        answer.raw_output_contents.append(bytes(np.dtype(spec.dtype).itemsize * int(np.prod(shape))))
    message: bytes = answer.SerializeToString()
    return message
