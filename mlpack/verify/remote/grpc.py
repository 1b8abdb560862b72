"""The Open Inference Protocol over gRPC, tensors as raw contents.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_grpc.md
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.errors import UsageError, WorkerError
from mlpack.core.libraries import import_library
from mlpack.runtime.coerce.oip import (
    BYTES,
    DTYPES,
    array_of_bytes,
    bytes_of_array,
    datatype_of_array,
    string_array,
)
from mlpack.runtime.errors import ServiceError
from mlpack.runtime.session import Array, Feed, Outputs
from mlpack.verify.remote.address import Address
from mlpack.verify.remote.transport import (
    BusyError,
    Described,
    RefusedError,
    TooLargeError,
    UnknownError,
    key,
    stranger,
    unauthorized,
    unreachable,
)

_SERVICE = "inference.GRPCInferenceService"
_CERTIFICATES = "SSL_CERT_FILE"
_CONNECT_SECONDS = 5.0
_RAISED = frozenset({"INVALID_ARGUMENT", "OUT_OF_RANGE", "FAILED_PRECONDITION", "INTERNAL", "UNKNOWN"})
"""The values are refused, or the model raised on them, which some servers do not tell apart."""
_CONTENTS: Mapping[str, str] = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}


class GrpcTransport:
    """A channel to one service. ``timeout`` is the longest wait for an answer in seconds.

    Raises MissingLibraryError without grpcio, UsageError where nothing answers.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what happens is said once, in our own words
        self._grpc: Any = import_library("grpc", "grpc", f"asking {address.text}")
        import_library("google.protobuf", "grpc", f"asking {address.text}")
        from mlpack.runtime.rpc import open_inference_pb2

        self._messages: Any = open_inference_pb2
        self._channel = self._open()

    def models(self) -> list[str] | None:
        """See `Transport.models`: by Triton's extension, which others have taken over."""
        try:
            listed = self._call("RepositoryIndex", self._messages.RepositoryIndexRequest())
        except (UnknownError, RefusedError):
            return None
        return list(dict.fromkeys(one.name for one in listed.models))

    def describe(self, model: str) -> Described:
        """See `Transport.describe`."""
        request = self._messages.ModelMetadataRequest(name=model, version=self.address.version)
        try:
            told = self._call("ModelMetadata", request)
        except RefusedError as error:
            raise stranger(self.address, str(error)) from error
        inputs, outputs = (
            [(one.name, one.datatype, list(one.shape)) for one in side] for side in (told.inputs, told.outputs)
        )
        version = self.address.version or (told.versions[-1] if told.versions else "")
        return Described(model, version, told.platform, inputs, outputs, self._server())

    def infer(self, model: Described, feed: Feed) -> Outputs:
        """See `Transport.infer`."""
        request = self._messages.ModelInferRequest(model_name=model.model, model_version=self.address.version)
        for name, array in feed.items():
            request.inputs.add(name=name, datatype=datatype_of_array(array), shape=array.shape)
            request.raw_input_contents.append(bytes_of_array(array))
        answer = self._call("ModelInfer", request)
        try:
            return outputs_of(answer)
        except (ServiceError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise WorkerError(
                f"the service at {self.address.place} sent a broken answer", why=f"{type(error).__name__}: {error}"
            ) from error

    def close(self) -> None:
        """See `Transport.close`."""
        self._channel.close()

    def _open(self) -> Any:
        _knock(self.address)
        options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        if not self.address.is_secure:
            channel = self._grpc.insecure_channel(self.address.place, options)
        else:
            own = os.environ.get(_CERTIFICATES)
            try:
                roots = Path(own).read_bytes() if own else None
            except OSError as error:
                raise UsageError(
                    f"{own} cannot be read", why=error.strerror or "", hint=f"check {_CERTIFICATES}"
                ) from error
            channel = self._grpc.secure_channel(self.address.place, self._grpc.ssl_channel_credentials(roots), options)
        try:
            self._grpc.channel_ready_future(channel).result(_CONNECT_SECONDS)
        except self._grpc.FutureTimeoutError as error:
            channel.close()
            raise UsageError(
                f"nothing answers on {self.address.place} in gRPC{' with TLS' if self.address.is_secure else ''}",
                why=f"no connection within {_CONNECT_SECONDS:.0f} s",
                hint=f"start the service, or check the address; a certificate of your own: {_CERTIFICATES}=ca.pem",
            ) from error
        return channel

    def _server(self) -> dict[str, str]:
        try:
            told = self._call("ServerMetadata", self._messages.ServerMetadataRequest())
        except (UnknownError, RefusedError):
            return {}
        return {told.name: told.version} if told.name else {}

    def _call(self, method: str, request: Any) -> Any:
        answers = getattr(self._messages, f"{method}Response")
        call = self._channel.unary_unary(
            f"/{_SERVICE}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=answers.FromString,
        )
        metadata = [("authorization", f"Bearer {key()}")] if key() else None
        try:
            return call(request, timeout=self._timeout, metadata=metadata)
        except self._grpc.RpcError as error:
            raise self._failure(error.code().name, error.details() or "no reason given") from error

    def _failure(self, code: str, details: str) -> Exception:
        why = f"{code}: {' '.join(details.split())}"[:400]
        if code in _RAISED:
            return RefusedError(why)
        if code == "RESOURCE_EXHAUSTED":
            return TooLargeError(why)
        if code == "UNAVAILABLE":
            return BusyError(why)
        if code in {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
            return unauthorized(self.address, why)
        if code == "NOT_FOUND":
            return UnknownError(why)
        if code == "UNIMPLEMENTED":
            return stranger(self.address, why)
        if code == "DEADLINE_EXCEEDED":
            return WorkerError(
                f"the service at {self.address.place} hung: no answer within {self._timeout:.0f} s", why=why
            )
        return WorkerError(f"the service at {self.address.place} failed", why=why)


def _knock(address: Address) -> None:
    """Raises UsageError where nothing listens: gRPC itself would go on trying for as long as it is let."""
    try:
        socket.create_connection((address.host, address.port), _CONNECT_SECONDS).close()
    except OSError as error:
        raise unreachable(address, error) from error


def outputs_of(answer: Any) -> Outputs:
    """The tensors of a ``ModelInferResponse``. Raises ValueError, ServiceError for a broken one."""
    raws = answer.raw_output_contents
    if raws and len(raws) != len(answer.outputs):
        raise ValueError(f"{len(answer.outputs)} outputs, and raw contents for {len(raws)}")
    return {
        tensor.name: array_of_bytes(raws[place], tensor.datatype, list(tensor.shape), tensor.name)
        if raws
        else _typed(tensor)
        for place, tensor in enumerate(answer.outputs)
    }


def _typed(tensor: Any) -> Array:
    values = getattr(tensor.contents, _CONTENTS[tensor.datatype])
    if tensor.datatype == BYTES:
        return string_array(list(values), list(tensor.shape), tensor.name)
    return np.array(values, dtype=DTYPES[tensor.datatype]).reshape(tuple(tensor.shape))
