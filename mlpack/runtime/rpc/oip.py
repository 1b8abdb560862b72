"""The Open Inference Protocol over gRPC.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_grpc.md
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..coerce.checks import Checks
from ..coerce.fields import fields_of
from ..coerce.oip import (
    BYTES,
    DTYPES,
    array_of_bytes,
    bytes_of_array,
    datatype_of_array,
    string_array,
)
from ..coerce.tensors import Tensors, tensor_of_values
from ..errors import ContractError, MalformedError, TooLargeError, UnknownModelError
from ..manifest import Manifest
from ..service.metadata import model_config, model_metadata, repository_index, server_metadata
from ..service.metrics import GRPC_INFER
from ..service.service import Service
from ..session import Array, Feed, Outputs, rows_in
from . import open_inference_pb2 as pb
from .calls import Calls, parsed
from .extent import has_more_fields
from .repeats import Repeats, varint

NAME: str = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
_CONTENTS = {
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
"""Where the elements of a tensor go that are not raw; FP16 and BF16 are always raw."""
_RAW = bytes((pb.ModelInferResponse.RAW_OUTPUT_CONTENTS_FIELD_NUMBER << 3 | 2,))
"""What stands before each of the raw contents: the number of the field, and that its length follows."""
_MOST_HEADS = 256
_MOST_FIELDS = 100_000
"""Of a request: its tensors, their contents and the outputs that are wanted. No model has nearly as many."""


class Infer:
    """`ModelInfer`: the dialect of named tensors."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tensors = Tensors(service.signature)
        self._inputs = service.signature.inputs
        self._batched = all(spec.batch_axis == 0 for spec in self._inputs)
        self._outputs = tuple(spec.name for spec in service.signature.outputs)
        self._most = service.settings.max_rows
        self._checks = Checks(fields_of(self._inputs[0], service.signature))
        self._repeats = Repeats()
        self._heads: dict[Any, bytes] = {}

    def read(self, raw: bytes) -> tuple[Feed, int, Any]:
        """The feed in a request. Raises UnknownModelError, MalformedError, ContractError, TooLargeError."""
        found = self._repeats.find(raw, self._service.model)
        if found is None:
            return self._parse(raw)
        array, asked = found
        feed = {self._inputs[0].name: array}
        if not self._checks.hold(array):
            self._tensors.feed(feed)  # it finds the words
        return feed, len(array), asked

    def _parse(self, raw: bytes) -> tuple[Feed, int, Any]:
        if has_more_fields(raw, _MOST_FIELDS):
            raise TooLargeError(f"the request has more than {_MOST_FIELDS} fields")
        request = parsed(pb.ModelInferRequest, raw)
        check_model(self._service, request.model_name, request.model_version)
        wanted = tuple(_wanted(output, self._outputs) for output in request.outputs) or self._outputs
        if len(set(wanted)) != len(wanted):
            raise MalformedError("an output is wanted twice")
        raws = request.raw_input_contents
        feed = self._tensors.feed(_raw_arrays(request.inputs, raws) if raws else _typed_arrays(request.inputs))
        first = feed[self._inputs[0].name]
        rows = len(first) if self._batched else rows_in(feed, self._inputs)
        if rows > self._most:
            raise TooLargeError(f"{rows} rows, and a request may have {self._most}")
        asked = (self._service.manifest, request.id, wanted, not raws)
        if raws and self._batched and len(feed) == 1:
            self._repeats.learn(raw, request, first, asked, self._service.model)
        return feed, rows, asked

    def write(self, outputs: Outputs, rows: int, asked: Any) -> bytes:
        """The response: raw where the request was, and typed where that was, for that is what its client reads."""
        del rows
        manifest, identity, wanted, typed = asked
        arrays = [outputs[name] for name in wanted]
        if typed and all(datatype_of_array(array) in _CONTENTS for array in arrays):
            return self._typed(manifest, identity, wanted, arrays)
        parts = [self._head(manifest, wanted, arrays)]
        if identity:
            parts.append(pb.ModelInferResponse(id=identity).SerializeToString())
        for array in arrays:
            raw = bytes_of_array(array)
            parts += (_RAW, varint(len(raw)), raw)
        return b"".join(parts)  # of messages that stand one after the other, protobuf reads one

    def _head(self, manifest: Manifest, wanted: tuple[str, ...], arrays: Sequence[Array]) -> bytes:
        """The response without its id and its bytes, which is the same for all requests of one size."""
        key = (manifest.name, manifest.version, wanted, *[(array.shape, array.dtype) for array in arrays])
        head = self._heads.get(key)
        if head is None:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            head = self._heads[key] = _response(manifest, "", wanted, arrays).SerializeToString()
        return head

    def _typed(self, manifest: Manifest, identity: str, wanted: tuple[str, ...], arrays: Sequence[Array]) -> bytes:
        response = _response(manifest, identity, wanted, arrays)
        for tensor, array in zip(response.outputs, arrays, strict=True):
            getattr(tensor.contents, _CONTENTS[tensor.datatype]).extend(_elements(array))
        raw: bytes = response.SerializeToString()
        return raw


def handlers_of(service: Service, calls: Calls) -> dict[str, Any]:
    """The handlers of all methods by their paths."""
    tell: dict[str, Callable[[Any], Mapping[str, Any]]] = {
        "ServerLive": lambda _: {"live": True},
        "ServerReady": lambda _: {"ready": service.ready},
        "ModelReady": lambda asked: {"ready": service.ready and _is_served(service, asked)},
        "ServerMetadata": lambda _: server_metadata(service.manifest),
        "ModelMetadata": lambda asked: model_metadata(_served(service, asked).manifest),
        "ModelConfig": lambda asked: {"config": model_config(_served(service, asked))},
        "RepositoryIndex": lambda _: {"models": repository_index(service)},
    }
    paths = {f"/{NAME}/{method}": _told(method, answer) for method, answer in tell.items()}
    handlers = {path: calls.telling(path, answer) for path, answer in paths.items()}
    infer = f"/{NAME}/ModelInfer"
    return {**handlers, infer: calls.predicting(infer, GRPC_INFER, Infer(service))}


def _told(method: str, answer: Callable[[Any], Mapping[str, Any]]) -> Callable[[bytes], bytes]:
    """What a method makes of the bytes of its request; ``answer`` gives the fields of its response."""
    request, response = getattr(pb, f"{method}Request"), getattr(pb, f"{method}Response")

    def tell(raw: bytes) -> bytes:
        told: bytes = response(**answer(parsed(request, raw))).SerializeToString()
        return told

    return tell


def _is_served(service: Service, asked: Any) -> bool:
    manifest = service.manifest
    return asked.name == manifest.name and asked.version in {"", manifest.version}


def _served(service: Service, asked: Any) -> Service:
    """``service``, whose model is the one that a request names. Raises UnknownModelError."""
    check_model(service, asked.name, asked.version)
    return service


def check_model(service: Service, name: str, version: str) -> None:
    """Raises UnknownModelError where another model, or another version of it, is asked for."""
    manifest = service.manifest
    if name != manifest.name:
        raise UnknownModelError(f"there is no model {name!r}; this is {manifest.name!r}")
    if version and version != manifest.version:
        raise UnknownModelError(f"there is no version {version!r} of {name!r}; this is {manifest.version!r}")


def _raw_arrays(inputs: Sequence[Any], raws: Sequence[bytes]) -> dict[str, Array]:
    """The tensors of a request by name, whose elements are in ``raws``."""
    if len(raws) != len(inputs):
        raise MalformedError(f"there are {len(inputs)} inputs, and raw contents for {len(raws)}")
    found: dict[str, Array] = {}
    for tensor, raw in zip(inputs, raws, strict=True):
        name = tensor.name
        if tensor.HasField("contents"):
            raise MalformedError(f"the input {name!r} has contents, and there are raw contents too")
        found[name] = array_of_bytes(raw, tensor.datatype, tensor.shape[:], name)
    _check_names(found, inputs)
    return found


def _typed_arrays(inputs: Sequence[Any]) -> dict[str, Array]:
    """The tensors of a request by name, each with its own contents."""
    found = {tensor.name: _typed_array(tensor) for tensor in inputs}
    _check_names(found, inputs)
    return found


def _check_names(found: Mapping[str, Array], inputs: Sequence[Any]) -> None:
    if len(found) != len(inputs):
        twice, _ = Counter(tensor.name for tensor in inputs).most_common(1)[0]
        raise MalformedError(f"the input {twice!r} is there twice")


def _typed_array(tensor: Any) -> Array:
    """The array of an input that has its elements in `contents`."""
    name, datatype, shape = tensor.name, tensor.datatype, tensor.shape[:]
    if "shared_memory_region" in tensor.parameters:
        raise MalformedError(f"the input {name!r} is in shared memory, which this service does not read")
    if datatype not in _CONTENTS:
        reason = "which goes as raw contents" if datatype in DTYPES else f"and not one of {', '.join(DTYPES)}"
        raise MalformedError(f"the input {name!r} is of {datatype!r}, {reason}")
    filled = [descriptor.name for descriptor, _ in tensor.contents.ListFields()]
    if filled not in ([], [_CONTENTS[datatype]]):
        raise MalformedError(f"the input {name!r} is of {datatype}, and has {' and '.join(filled)}")
    elements = getattr(tensor.contents, _CONTENTS[datatype])[:]
    if datatype == BYTES:
        return string_array(elements, shape, name)
    return tensor_of_values(elements, DTYPES[datatype], shape, name, typed=True)


def _response(manifest: Manifest, identity: str, wanted: tuple[str, ...], arrays: Sequence[Array]) -> Any:
    response = pb.ModelInferResponse(model_name=manifest.name, model_version=manifest.version, id=identity)
    for name, array in zip(wanted, arrays, strict=True):
        response.outputs.add(name=name, datatype=datatype_of_array(array), shape=array.shape)
    return response


def _elements(array: Array) -> Sequence[Any]:
    values: list[Any] = array.ravel().tolist()
    if array.dtype.kind in "OSU":
        return [value if isinstance(value, bytes) else str(value).encode() for value in values]
    return values


def _wanted(output: Any, names: Sequence[str]) -> str:
    name: str = output.name
    if name not in names:
        raise ContractError(f"there is no output {name!r}; there are {', '.join(names)}")
    for parameter in ("classification", "shared_memory_region"):
        if parameter in output.parameters:
            raise MalformedError(f"the output {name!r} is wanted with {parameter!r}, which this service does not do")
    return name
