"""Asks a service through KServe's clients, over HTTP or gRPC. Runs in the environment of requirements-kserve.txt."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.utils.numpy_codec import to_np_dtype
from lines import answer


def ask(call: str, over: str, at: str, **arguments: Any) -> Any:
    return asyncio.run((_over_http if over == "http" else _over_grpc)(call, at, **arguments))


async def _over_http(call: str, at: str, **arguments: Any) -> Any:
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        url = f"http://{at}"
        if call == "predict":
            return await client.infer(f"{url}/predict", arguments["body"], is_graph_endpoint=True)
        if call == "infer":
            request = _request(**arguments)
            return _told(await client.infer(url, request, model_name=request.model_name))
        return await getattr(client, call)(url, **arguments)


async def _over_grpc(call: str, at: str, **arguments: Any) -> Any:
    async with InferenceGRPCClient(at) as client:
        if call == "infer":
            return _told(await client.infer(_request(**arguments)))
        return await getattr(client, call)(**arguments)


def _request(model: str, inputs: Any, *, binary: bool = True) -> InferRequest:
    given = []
    for name, one in inputs.items():
        tensor = InferInput(name, one["shape"], one["datatype"])
        array = np.array(one["data"], to_np_dtype(one["datatype"])).reshape(one["shape"])
        tensor.set_data_from_numpy(array, binary_data=binary)
        given.append(tensor)
    return InferRequest(model, given, parameters={"binary_data_output": True} if binary else None)


def _told(response: Any) -> Any:
    return {"id": response.id, "outputs": {one.name: _plain(one.as_numpy()) for one in response.outputs}}


def _plain(array: np.ndarray) -> Any:
    if array.dtype != object:
        return array.tolist()
    return [one.decode() if isinstance(one, bytes) else one for one in array.tolist()]


if __name__ == "__main__":
    answer(ask)
