"""The bodies of inference over HTTP: tensors as bytes behind the JSON, or in it.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from mlpack.runtime.coerce.oip import BYTES, DTYPES, array_of_bytes, bytes_of_array, datatype_of_array
from mlpack.runtime.session import Array, Feed, Outputs
from mlpack.runtime.signature import TensorSpec
from mlpack.verify.probes.draw import numpy_dtype
from mlpack.verify.remote.transport import RefusedError

HEADER_LENGTH = "Inference-Header-Content-Length"


def binary_request(feed: Feed) -> tuple[bytes, dict[str, str]]:
    """The request with its tensors as bytes, and the headers that say so; the answer is asked for in the same form."""
    inputs, tail = [], []
    for name, array in feed.items():
        raw = bytes_of_array(array)
        inputs.append({**_head(name, array), "parameters": {"binary_data_size": len(raw)}})
        tail.append(raw)
    text = json.dumps({"parameters": {"binary_data_output": True}, "inputs": inputs}).encode()
    headers = {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(text))}
    return b"".join((text, *tail)), headers


def json_request(feed: Feed) -> bytes:
    """The request as JSON, which has null for NaN. Raises RefusedError for infinities, which it has nothing for."""
    inputs = []
    for name, array in feed.items():
        values = array.ravel()
        if array.dtype.kind not in "OUSbiu":
            values = values.astype(np.float64)
            if np.isinf(values).any():
                raise RefusedError("JSON has no infinities")
        inputs.append({**_head(name, array), "data": [_plain(value) for value in values.tolist()]})
    return json.dumps({"inputs": inputs}, allow_nan=False).encode()


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _head(name: str, array: Array) -> dict[str, Any]:
    return {"name": name, "shape": list(array.shape), "datatype": datatype_of_array(array)}


def outputs_of(answer: bytes, length: str | None) -> Outputs:
    """The tensors in an answer: those with a size are bytes behind the JSON, in its order."""
    head = len(answer) if length is None else int(length)
    document = json.loads(answer[:head])
    place, found = head, {}
    for entry in document["outputs"]:
        name, datatype, shape = entry["name"], entry["datatype"], entry["shape"]
        size = (entry.get("parameters") or {}).get("binary_data_size")
        if size is None:
            found[name] = _array_of_json(entry["data"], datatype, shape)
            continue
        found[name] = array_of_bytes(memoryview(answer)[place : place + size], datatype, shape, name)
        place += size
    return found


def _array_of_json(data: Any, datatype: str, shape: list[int]) -> Array:
    """An array of flat or nested values; null among floats is NaN."""
    values = np.array(data, dtype=object).ravel()
    if datatype == BYTES:
        return values.reshape(shape)
    dtype = numpy_dtype(TensorSpec("", DTYPES[datatype], ()))
    if dtype.kind not in "biu":
        values = np.array([math.nan if value is None else value for value in values.tolist()], np.float64)
    return values.astype(dtype).reshape(shape)
