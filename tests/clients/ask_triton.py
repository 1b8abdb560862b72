"""Asks a service through Triton's clients, over HTTP or gRPC. Runs in the environment of requirements-triton.txt."""

from __future__ import annotations

import queue
from typing import Any

import numpy as np
import tritonclient.grpc
import tritonclient.http
from lines import answer
from tritonclient.utils import triton_to_np_dtype

LIBRARIES: dict[str, Any] = {"http": tritonclient.http, "grpc": tritonclient.grpc}


def ask(call: str, over: str, at: str, **arguments: Any) -> Any:
    """``call`` is one of the functions below, or a method of the client that takes and gives plain values."""
    library = LIBRARIES[over]
    with library.InferenceServerClient(at, **({"concurrency": 8} if over == "http" else {})) as client:
        if call in CALLS:
            return CALLS[call](library, client, **arguments)
        if over == "grpc" and call.startswith("get_"):
            arguments["as_json"] = True
        return getattr(client, call)(**arguments)


def infer(library: Any, client: Any, model: str, inputs: Any, *, binary: bool = True, **options: Any) -> Any:
    outputs = options.pop("outputs", None)
    wanted = None if outputs is None else [_wanted(library, name, binary=binary) for name in outputs]
    return _told(client.infer(model, _given(library, inputs, binary=binary), outputs=wanted, **options))


def infer_many(library: Any, client: Any, model: str, inputs: Any, *, times: int) -> Any:
    """``times`` requests under way at once."""
    given = _given(library, inputs, binary=True)
    if library is tritonclient.http:
        return [_told(one.get_result()) for one in [client.async_infer(model, given) for _ in range(times)]]
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(times):
        client.async_infer(model, given, callback=lambda result, error: answers.put(error or result))
    return [_told(answers.get(timeout=30)) for _ in range(times)]


CALLS = {"infer": infer, "infer_many": infer_many}


def _given(library: Any, inputs: Any, *, binary: bool) -> list[Any]:
    found = []
    for name, one in inputs.items():
        tensor = library.InferInput(name, one["shape"], one["datatype"])
        array = np.array(one["data"], triton_to_np_dtype(one["datatype"])).reshape(one["shape"])
        tensor.set_data_from_numpy(array, **({"binary_data": binary} if library is tritonclient.http else {}))
        found.append(tensor)
    return found


def _wanted(library: Any, name: str, *, binary: bool) -> Any:
    return library.InferRequestedOutput(name, **({"binary_data": binary} if library is tritonclient.http else {}))


def _told(result: Any) -> Any:
    if isinstance(result, Exception):
        raise result
    response = result.get_response()
    outputs = response["outputs"] if isinstance(response, dict) else response.outputs
    names = [one["name"] if isinstance(one, dict) else one.name for one in outputs]
    identity = response.get("id", "") if isinstance(response, dict) else response.id
    return {"id": identity, "outputs": {name: _plain(result.as_numpy(name)) for name in names}}


def _plain(array: np.ndarray) -> Any:
    return (np.char.decode(array.astype(bytes), "utf-8") if array.dtype == object else array).tolist()


if __name__ == "__main__":
    answer(ask)
