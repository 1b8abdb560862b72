"""One request in each protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from serving.loads import Target

JSON = {"Content-Type": "application/json"}
GRPC_METHOD = "/inference.GRPCInferenceService/ModelInfer"
_FIRST = 100
DATATYPES = {"float32": "FP32", "float64": "FP64"}


@dataclass(frozen=True)
class Asked:
    """What our service is asked: ``rows`` of the input ``tensor`` of the model ``model``, in its own dtype.

    ``connections`` ask at a time; ``expected`` is a number in the answer.
    """

    model: str
    tensor: str
    rows: NDArray[Any]
    connections: int = 16
    expected: float | None = None

    @property
    def datatype(self) -> str:
        """The name of the dtype in the Open Inference Protocol."""
        return DATATYPES[str(self.rows.dtype)]


def cancer_rows(count: int = 1) -> list[list[float]]:
    """Rows of 30 floats, as they were measured; from the beginning again where there are no more."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer().data
    rows: list[list[float]] = [data[(_FIRST + place) % len(data)].tolist() for place in range(count)]
    return rows


def as_json(document: Mapping[str, Any]) -> bytes:
    """As most clients write it: with spaces."""
    return json.dumps(document).encode()


def predict(asked: Asked) -> Target:
    """The typed route."""
    return Target("/predict", "/predict", as_json({"instances": asked.rows.tolist()}), JSON, **_kept(asked))


def oip_json(asked: Asked) -> Target:
    """The Open Inference Protocol with values in JSON."""
    tensor = {**_tensor(asked), "data": asked.rows.ravel().tolist()}
    return Target("OIP JSON", _path(asked), as_json({"inputs": [tensor]}), JSON, **_kept(asked))


def oip_binary(asked: Asked) -> Target:
    """The Open Inference Protocol with the values after the JSON, in both directions."""
    size = {"parameters": {"binary_data_size": asked.rows.nbytes}}
    head = as_json({"inputs": [{**_tensor(asked), **size}], "parameters": {"binary_data_output": True}})
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    return Target("OIP binary", _path(asked), head + asked.rows.tobytes(), headers, connections=asked.connections)


def oip_grpc(asked: Asked) -> Target:
    """The Open Inference Protocol over gRPC, with raw contents."""
    from mlpack.runtime.rpc import open_inference_pb2 as messages

    request = messages.ModelInferRequest(model_name=asked.model, raw_input_contents=[asked.rows.tobytes()])
    request.inputs.add(name=asked.tensor, datatype=asked.datatype, shape=asked.rows.shape)
    return Target("OIP gRPC", GRPC_METHOD, request.SerializeToString(), {}, "grpc", asked.connections)


def _kept(asked: Asked) -> dict[str, Any]:
    return {"connections": asked.connections, "expected": asked.expected}


def _path(asked: Asked) -> str:
    return f"/v2/models/{asked.model}/infer"


def _tensor(asked: Asked) -> dict[str, Any]:
    return {"name": asked.tensor, "shape": list(asked.rows.shape), "datatype": asked.datatype}
