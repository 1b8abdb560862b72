"""The inference request that nearly every client sends as JSON: one tensor of numbers, rows in and all outputs back.

It is read and answered here in half the time; whatever has anything else in it, null and faults included, is left to
`v2_request`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import orjson

from ..coerce.fields import kind_of
from ..coerce.oip import datatype_of
from ..coerce.values import UNFIT, flat
from ..session import Array, Outputs
from ..signature import Signature
from .instances import UNREADABLE
from .v2_tensors import json_output, json_values

Read = Callable[[bytes], Array | None]
_COLONS = 5
"""Of the keys that such a request has: inputs, name, shape, datatype, data. With one more, something stands in it twice."""
_MOST_SHAPES = 64
_NUMBERS: Mapping[str, type] = {"float": float, "int": int}


def plain_reader(signature: Signature) -> Read | None:
    """What reads the tensor of such a request, or gives None; None for a model whose requests are never like that."""
    spec = signature.inputs[0]
    number = _NUMBERS.get(kind_of(spec.dtype))
    if len(signature.inputs) > 1 or number is None or len(spec.shape) != 2 or spec.batch_axis != 0:
        return None
    width = spec.shape[1]
    if not isinstance(width, int) or not width or spec.dtype in {"bfloat16", "float16"} or ":" in spec.name:
        return None
    kind, dtype = kind_of(spec.dtype), spec.dtype
    decode = _decoder(spec.name, datatype_of(spec), number)

    def read(text: bytes) -> Array | None:
        if text.count(b":") != _COLONS:
            return None
        try:
            (given,) = decode(text).inputs
            values, shape = given.data, given.shape
            if shape[1] != width or not values or shape[0] * width != len(values):
                return None
            return flat(values, dtype, kind, missing=False, typed=True).reshape(shape)
        except (*UNREADABLE, *UNFIT):
            return None

    return read


def _decoder(name: str, datatype: str, number: type) -> Callable[[bytes], Any]:
    tensor: Any = msgspec.defstruct(
        "PlainTensor",
        [
            ("name", Literal[name]),
            ("shape", tuple[int, int]),
            ("datatype", Literal[datatype]),
            ("data", list[number]),  # type: ignore[valid-type]
        ],
        forbid_unknown_fields=True,
        gc=False,
    )
    request = msgspec.defstruct("PlainRequest", [("inputs", tuple[tensor])], forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(request).decode


class PlainAnswers:
    """Writes the answers of one model with every output as JSON: all but the values is kept, by the outputs' shapes."""

    def __init__(self, model: str, version: str) -> None:
        self._start = orjson.dumps({"model_name": model, "model_version": version})[:-1] + b',"outputs":['
        self._kept: dict[tuple[Any, ...], tuple[bytes, ...]] = {}

    def write(self, names: tuple[str, ...], outputs: Outputs) -> bytes:
        """The answer with the outputs called ``names``, in that order."""
        arrays = [outputs[name] for name in names]
        key = tuple([array.shape for array in arrays])
        before = self._kept.get(key)
        if before is None:
            before = self._between(names, arrays)
            if len(self._kept) < _MOST_SHAPES:
                self._kept[key] = before
        parts: list[bytes] = []
        for text, array in zip(before, arrays, strict=False):
            parts += (text, orjson.dumps(json_values(array), option=orjson.OPT_SERIALIZE_NUMPY))
        parts.append(before[-1])
        return b"".join(parts)

    def _between(self, names: tuple[str, ...], arrays: list[Array]) -> tuple[bytes, ...]:
        """What stands before the values of each output, and behind those of the last."""
        texts: list[bytes] = []
        for name, array in zip(names, arrays, strict=True):
            told = {key: value for key, value in json_output(name, array).items() if key != "data"}
            start = self._start if not texts else b"},"
            texts.append(start + orjson.dumps(told)[:-1] + b',"data":')
        return (*texts, b"}]}")
