"""A golden row as a request of the Open Inference Protocol."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping

import numpy as np

from mlpack.runtime.manifest import Manifest
from mlpack.runtime.service.golden import read_golden
from mlpack.runtime.session import Feed
from mlpack.scaffold.project import example_of_bundle
from mlpack.verify.remote.bodies import json_request


def example_request(manifest: Manifest, names: Mapping[str, str], flat: Container[str]) -> bytes:
    """The first golden row that a client can write as JSON.

    ``names`` are those of the served tensors by those of the signature; those in ``flat`` have one column more.
    Raises CorruptFileError.
    """
    row = {names.get(name, name): array for name, array in golden_row(manifest).items()}
    feed = {name: array[:, np.newaxis] if name in flat else array for name, array in row.items()}
    document = json.loads(json_request(feed))
    return (json.dumps(document, ensure_ascii=False) + "\n").encode()


def golden_row(manifest: Manifest) -> Feed:
    """The inputs of one golden row, with their batch axis. Raises CorruptFileError."""
    number = example_of_bundle(manifest).rows[0]
    inputs = read_golden(manifest.folder, manifest.signature).inputs
    axes = {spec.name: spec.batch_axis for spec in manifest.signature.inputs}
    return {
        name: array if axes[name] is None else np.take(array, [number], axis=axes[name])
        for name, array in inputs.items()
    }
