"""Rows that are tensors: nested lists, or objects with one for each input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ..errors import ContractError
from ..session import Array, Feed
from ..signature import Dim, TensorSpec
from .checks import Checks
from .columns import column, first_refusal
from .fields import Field, Layout, member
from .refusals import shown


class Nested:
    """Builds feeds of rows in the layout ``tensors``."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._checks = {field.spec_name: Checks((field,)) for field in layout.fields}

    def feed(self, instances: Sequence[Any], where: str, *, typed: bool = False) -> Feed:
        """The feed of ``instances``. Raises ContractError.

        Each holds a row of every input; an input without a batch axis is the same in all of them.
        """
        if len(self._layout.inputs) == 1:
            return self.feed_of_columns([instances], where, typed=typed)
        self._check_names(instances, where)
        columns = [[instance[name] for instance in instances] for name in self._layout.names]
        return self.feed_of_columns(columns, where, typed=typed)

    def feed_of_columns(self, columns: Sequence[Sequence[Any] | Array], where: str, *, typed: bool = False) -> Feed:
        """The feed of rows that come input by input: nested lists, or arrays with the rows on their first axis."""
        feed: dict[str, Array] = {}
        sizes: dict[str, int] = {}
        for values, spec, field in zip(columns, self._layout.inputs, self._layout.fields, strict=True):
            names = (where, "" if len(columns) == 1 else member(spec.name))
            rows = values.tolist() if isinstance(values, np.ndarray) else values
            feed[spec.name] = _turned(self._array(rows, spec, field, names, sizes, typed=typed), spec, names)
        return feed

    def _array(
        self,
        rows: Sequence[Any],
        spec: TensorSpec,
        field: Field,
        names: tuple[str, str],
        sizes: dict[str, int],
        *,
        typed: bool,
    ) -> Array:
        dims = [dim for axis, dim in enumerate(spec.shape) if axis != spec.batch_axis]
        values, shape = _unnested(rows, dims, sizes, names)
        array = column(values, field, typed=typed)
        if array is not None and self._checks[spec.name].hold(array):
            return array.reshape(shape)
        found = first_refusal(values, field, len(values))
        if found is None:
            raise ContractError("there are values that the model does not take", names[0])
        raise ContractError(found[1], _place(found[0], shape, names))

    def _check_names(self, instances: Sequence[Any], where: str) -> None:
        names = self._layout.names
        for row, instance in enumerate(instances):
            if not isinstance(instance, Mapping):
                raise ContractError(f"an object is wanted, with {', '.join(names)}", f"{where}[{row}]")
            missing = next((name for name in names if name not in instance), None)
            if missing is not None:
                raise ContractError(f"the input {missing!r} is missing", f"{where}[{row}]")
            if len(instance) != len(names):
                unknown = next(name for name in instance if name not in names)
                raise ContractError(f"there is no input {unknown!r}", f"{where}[{row}]")


def _unnested(
    rows: Sequence[Any], dims: Sequence[Dim], sizes: dict[str, int], names: tuple[str, str]
) -> tuple[list[Any], tuple[int, ...]]:
    """The values of nested lists in row-major order and the shape that they have. ``sizes`` are those of named axes so far."""
    level: list[Any] = list(rows)
    shape = [len(level)]
    for dim in dims:
        wanted = dim if isinstance(dim, int) else sizes.get(dim)
        if wanted is None and level and isinstance(level[0], (list, tuple)):
            wanted = len(level[0])
        found = set(map(type, level)) <= {list, tuple} and set(map(len, level)) <= {wanted}
        if not found or (wanted == 0 and isinstance(dim, str)):
            raise _misshapen(level, wanted, shape, names)
        shape.append(1 if wanted is None else wanted)
        if isinstance(dim, str) and wanted is not None:
            sizes[dim] = wanted
        level = list(chain.from_iterable(level))
    return level, tuple(shape)


def _misshapen(level: Sequence[Any], wanted: int | None, shape: Sequence[int], names: tuple[str, str]) -> ContractError:
    """The error for the first of ``level`` that is no list of ``wanted`` values."""
    for index, value in enumerate(level):
        place = _place(index, shape, names)
        if not isinstance(value, (list, tuple)):
            return ContractError(f"{shown(value)} stands where a list belongs", place)
        if not value and not wanted:
            return ContractError("an empty list", place)
        if len(value) != wanted:
            return ContractError(f"{len(value)} values, and {wanted} belong there", place)
    return ContractError("no nested list of one shape", names[0])


def _place(index: int, shape: Sequence[int], names: tuple[str, str]) -> str:
    row, *inner = (int(place) for place in np.unravel_index(index, shape))
    return f"{names[0]}[{row}]{names[1]}" + "".join(f"[{place}]" for place in inner)


def _turned(array: Array, spec: TensorSpec, names: tuple[str, str]) -> Array:
    """Rows first to the batch axis of ``spec``; of an input without one, the one value that all rows agree on."""
    if spec.batch_axis is not None:
        return array if spec.batch_axis == 0 else np.ascontiguousarray(np.moveaxis(array, 0, spec.batch_axis))
    where = f"{names[0]}[…]{names[1]}"
    if not len(array):
        raise ContractError("needs one instance, for it has no batch axis", where)
    one: Array = array[:1].reshape(array.shape[1:])
    same = array == one
    if spec.is_floating:
        same |= np.isnan(array) & np.isnan(one)
    if not same.all():
        raise ContractError("has no batch axis, and so is the same in every instance of a request", where)
    return one
