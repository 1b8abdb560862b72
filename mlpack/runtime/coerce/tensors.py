"""Whole tensors, as the Open Inference Protocol brings them, held against a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import ContractError, MalformedError
from ..session import Array, Feed
from ..signature import Signature, TensorSpec
from .checks import Checks
from .columns import column, first_refusal
from .fields import Field, fields_of, kind_of, member, numpy_dtype
from .oip import DATATYPES, count_of, datatype_of
from .values import UNFIT, check_types, texts


class Tensors:
    """Feeds of named arrays for a model with ``signature``."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self._names = frozenset(spec.name for spec in signature.inputs)
        self._dtypes = {spec.name: numpy_dtype(spec.dtype) for spec in signature.inputs}
        self._checks = {spec.name: Checks(_fields(spec, signature)) for spec in signature.inputs}

    def feed(self, named: Mapping[str, Array]) -> Feed:
        """``named`` as it is, in the order of the inputs, once everything about it is as the signature has it.

        Raises ContractError: a name, a datatype (none is cast), a size, or a value that the model does not take.
        """
        if not self._names.issuperset(named):
            unknown = next(name for name in named if name not in self._names)
            raise ContractError(f"there is no input {unknown!r}; there are {', '.join(sorted(self._names))}")
        feed: dict[str, Array] = {}
        sizes: dict[str, int] = {}
        for spec in self.signature.inputs:
            if spec.name not in named:
                raise ContractError(f"the input {spec.name!r} is missing")
            array = named[spec.name]
            if array.dtype != self._dtypes[spec.name]:
                found = "BYTES" if array.dtype.kind in "OSU" else DATATYPES.get(array.dtype.name, array.dtype.name)
                raise ContractError(f"{found}, and the model takes {datatype_of(spec)}", spec.name)
            _check_shape(array.shape, spec, sizes)
            self._check_values(array, spec)
            feed[spec.name] = array
        return feed

    def check_values(self, feed: Feed) -> None:
        """Raise ContractError for a value that the model does not take, in a feed that is right in all else."""
        for spec in self.signature.inputs:
            self._check_values(feed[spec.name], spec)

    def _check_values(self, array: Array, spec: TensorSpec) -> None:
        checks = self._checks[spec.name]
        try:
            if spec.dtype == "string":
                values = array.ravel().tolist()
                check_types(values, "string", missing=False)
                texts(values, missing=False)
            holds = checks.hold(array)
        except UNFIT:
            holds = False
        if not holds:
            raise _refused(array, checks.fields, spec, named=self.signature.has_names(spec))


def tensor_of_values(
    values: Sequence[Any], dtype: str, shape: Sequence[int], name: str, *, typed: bool = False
) -> Array:
    """The tensor ``name`` from values in row-major order, as JSON has them: of the types that ``dtype`` takes and no others.

    Raises ContractError naming the first value that it does not take, MalformedError where their number does not fit
    ``shape``. NaN passes: whether the model takes it is for `Tensors`.
    """
    count = count_of(shape, name)
    if len(values) != count:
        raise MalformedError(f"the tensor {name!r} has {len(values)} values, and {count} go into {list(shape)}")
    field = Field(name, name, None, kind_of(dtype), dtype)
    array = column(values, field, typed=typed)
    if array is None or (field.kind == "float" and np.isinf(array).any()):
        found = first_refusal(values, field, count)
        place, reason = found or (0, "there are values that the model does not take")
        inner = np.unravel_index(place, shape) if shape else ()
        raise ContractError(reason, name + "".join(f"[{int(index)}]" for index in inner))
    return array.reshape(shape)


def _fields(spec: TensorSpec, signature: Signature) -> tuple[Field, ...]:
    """The fields that check ``spec``: one for all of its values where columns differ in nothing but their places."""
    fields = fields_of(spec, signature)
    alone = replace(fields[0], name=spec.name, position=None)
    same = all(replace(field, name=spec.name, position=None) == alone for field in fields)
    return (alone,) if same and not signature.has_names(spec) else fields


def _check_shape(shape: tuple[int, ...], spec: TensorSpec, sizes: dict[str, int]) -> None:
    if len(shape) != len(spec.shape):
        raise ContractError(f"{_sized(shape)}, and the model takes {_sized(spec.shape)}", spec.name)
    for size, dim in zip(shape, spec.shape, strict=True):
        wanted = dim if isinstance(dim, int) else sizes.setdefault(dim, size)
        if size != wanted:
            known = f", and here {dim} is {wanted}" if isinstance(dim, str) else ""
            raise ContractError(f"{_sized(shape)}, and the model takes {_sized(spec.shape)}{known}", spec.name)
        if not size and dim != "batch":
            raise ContractError(f"{_sized(shape)} has an empty axis", spec.name)


def _sized(shape: Sequence[int | str]) -> str:
    return f"[{', '.join(str(dim) for dim in shape)}]"


def _refused(array: Array, fields: Sequence[Field], spec: TensorSpec, *, named: bool) -> ContractError:
    """The error that names the first value, in row-major order, which its field does not take."""
    width = len(fields)
    values = (array.astype(np.float32) if spec.dtype == "bfloat16" else array).ravel()
    stop, reason = len(values), ""
    for place, field in enumerate(fields):
        found = first_refusal(values[place:stop:width], field, stop)
        if found is not None:
            stop, reason = place + found[0] * width, found[1]
    if not reason:
        return ContractError("there are values that the model does not take", spec.name)
    places = [int(index) for index in np.unravel_index(stop, array.shape)] if array.ndim else []
    ending = member(fields[stop % width].name) if named else ""
    inner = places[:1] if named else places
    return ContractError(reason, spec.name + "".join(f"[{place}]" for place in inner) + ending)
