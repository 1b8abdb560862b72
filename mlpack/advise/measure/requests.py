"""One request in each way, from golden rows that the service takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import numpy as np

from mlpack.advise.measurements import Way
from mlpack.runtime.coerce.oip import bytes_of_array, datatype_of_array
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.service.golden import read_golden
from mlpack.runtime.session import Feed
from mlpack.scaffold.project import example_of_bundle
from mlpack.verify.remote.bodies import binary_request

GRPC_METHOD = "/inference.GRPCInferenceService/ModelInfer"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """A body, and where it is sent: a path of HTTP, or a method of gRPC."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Requests:
    """A request for each way, all with the same ``rows``."""

    rows: int
    by_way: Mapping[Way, Request]

    @property
    def longest(self) -> int:
        """Bytes of the longest of them."""
        return max(len(request.body) for request in self.by_way.values())


def requests_of(manifest: Manifest, rows: int) -> Requests:
    """Requests with ``rows`` golden rows, again and again where there are fewer; with one where inputs have no batch axis.

    Raises CorruptFileError for a bundle without a golden row that its service takes.
    """
    example = example_of_bundle(manifest)
    batched = all(spec.batch_axis is not None for spec in manifest.signature.inputs)
    count = rows if batched else 1
    places = [place % len(example.rows) for place in range(count)]
    feed = _feed(manifest, [example.rows[place] for place in places])
    instances = [example.instances[place] for place in places]
    document = json.dumps({"instances": instances}, ensure_ascii=False, allow_nan=False).encode()
    binary, headers = binary_request(feed)
    return Requests(
        count,
        {
            "/predict": Request("/predict", document, JSON),
            "OIP binary": Request(f"/v2/models/{quote(manifest.name, safe='')}/infer", binary, headers),
            "gRPC": Request(GRPC_METHOD, _message(manifest.name, feed)),
        },
    )


def golden_feed(manifest: Manifest, rows: int) -> Feed:
    """``rows`` of the golden inputs, again and again; all that there are where inputs have no batch axis."""
    golden = read_golden(manifest.folder, manifest.signature)
    return _feed(manifest, [place % max(1, golden.rows) for place in range(rows)])


def _feed(manifest: Manifest, places: list[int]) -> Feed:
    golden = read_golden(manifest.folder, manifest.signature)
    return {
        spec.name: golden.inputs[spec.name]
        if spec.batch_axis is None
        else np.ascontiguousarray(np.take(golden.inputs[spec.name], places, axis=spec.batch_axis))
        for spec in manifest.signature.inputs
    }


def _message(model: str, feed: Feed) -> bytes:
    from mlpack.runtime.rpc import open_inference_pb2 as messages

    request = messages.ModelInferRequest(model_name=model)
    for name, array in feed.items():
        request.inputs.add(name=name, datatype=datatype_of_array(array), shape=array.shape)
        request.raw_input_contents.append(bytes_of_array(array))
    content: bytes = request.SerializeToString()
    return content
