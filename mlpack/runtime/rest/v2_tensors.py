"""Tensors in and out of the bodies of the Open Inference Protocol: as JSON, and as the bytes behind it.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson

from ..coerce.answers import plain
from ..coerce.checks import are_finite
from ..coerce.fields import kind_of
from ..coerce.oip import BYTES, DATATYPES, DTYPES, array_of_bytes
from ..coerce.tensors import tensor_of_values
from ..coerce.values import UNFIT, flat
from ..errors import MalformedError
from ..session import Array
from .v2_request import Input, Request

_BY_CODE = {code: DATATYPES[np.dtype(code).name] for code in "?bhilqBHILQefd"}
"""Datatypes by NumPy's codes, a tenth of the time that its names take. orjson writes arrays of these, a float32 with the digits
of a float32.
"""


def read_inputs(request: Request, tail: bytes | None, *, missing: bool) -> dict[str, Array]:
    """The inputs by name. ``tail`` are the bytes behind the JSON, None where it was not said where they begin. Where values
    may be ``missing``, null is NaN, which JSON has no number for.

    Raises MalformedError, and ContractError for a value in JSON that its datatype does not take.
    """
    named: dict[str, Array] = {}
    place = 0
    for given in request.inputs:
        size = None if given.parameters is None else given.parameters.binary_data_size
        if size is None:
            named[given.name] = _from_json(given, missing=missing)
            continue
        if given.data is not None:
            raise MalformedError(f"the input {given.name!r} comes as data and as bytes")
        if tail is None:
            raise MalformedError("there are bytes behind the JSON, and no Inference-Header-Content-Length says where")
        if place + size > len(tail):
            raise MalformedError(f"the input {given.name!r} has {size} bytes, and the body {len(tail) - place} for it")
        named[given.name] = array_of_bytes(tail[place : place + size], given.datatype, given.shape, given.name)
        place += size
    if tail is not None and place != len(tail):
        raise MalformedError(f"{len(tail) - place} bytes at the end of the body belong to no input")
    return named


def _from_json(given: Input, *, missing: bool) -> Array:
    dtype = DTYPES.get(given.datatype)
    if dtype is None:
        raise MalformedError(f"the input {given.name!r} is of {given.datatype!r}, and not one of {', '.join(DTYPES)}")
    if given.datatype == "BF16":
        raise MalformedError(f"the input {given.name!r} is of BF16, which comes as bytes only")
    if given.data is None:
        raise MalformedError(f"the input {given.name!r} has no data")
    values = _flat(given)
    if missing and "float" in dtype and None in values:
        values = [math.nan if value is None else value for value in values]
    try:
        array = flat(values, dtype, kind_of(dtype), missing=False, typed=False).reshape(given.shape)
    except UNFIT:
        return tensor_of_values(values, dtype, given.shape, given.name)  # which has the words for it
    if "float" in dtype and not are_finite(array):
        return tensor_of_values(values, dtype, given.shape, given.name)
    return array


def _flat(given: Input) -> list[Any]:
    """The values of ``data``, which is flat or nested as ``shape`` says."""
    level = given.data or []
    if not level or not isinstance(level[0], list):
        return level
    for size in given.shape[1:]:
        if set(map(type, level)) != {list} or set(map(len, level)) != {size}:
            raise MalformedError(f"the input {given.name!r} has data that is neither flat nor nested as {given.shape}")
        level = list(chain.from_iterable(level))
    return level


def json_output(name: str, array: Array) -> dict[str, Any]:
    """An output with its values; numbers that are not finite are null."""
    return {"name": name, "datatype": _datatype(array), "shape": array.shape, "data": json_values(array)}


def json_values(array: Array) -> Any:
    """The values in row-major order, in a form that orjson writes."""
    values = array.ravel()
    return values if array.dtype.char in _BY_CODE else plain(values)


def binary_output(name: str, array: Array, size: int) -> dict[str, Any]:
    """An output whose ``size`` bytes stand behind the JSON."""
    parameters = {"binary_data_size": size}
    return {"name": name, "datatype": _datatype(array), "shape": array.shape, "parameters": parameters}


def write_answer(model: str, version: str, identity: str | None, outputs: Sequence[Mapping[str, Any]]) -> bytes:
    """An answer as JSON. ``identity`` is the id of the request, where it has one."""
    answer: dict[str, Any] = {"model_name": model, "model_version": version, "outputs": outputs}
    if identity is not None:
        answer["id"] = identity
    return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)


def _datatype(array: Array) -> str:
    known = _BY_CODE.get(array.dtype.char)
    if known is None:
        return BYTES if array.dtype.kind in "OSU" else DATATYPES[array.dtype.name]
    return known
