"""The columns of a model's inputs, each with what the model knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlpack.core.framework import ColumnHint, InputHints
from mlpack.runtime.session import Array
from mlpack.runtime.signature import Signature, TensorSpec

_NOTHING = ColumnHint()


@dataclass(frozen=True)
class Column:
    """One column: position ``index`` on the last axis of ``input``, or, where ``index`` is None, the whole input."""

    spec: TensorSpec
    index: int | None
    name: str
    hint: ColumnHint

    @property
    def input(self) -> str:
        """The name of the input that the column is part of."""
        return self.spec.name

    def put(self, array: Array, rows: Sequence[int] | NDArray[np.intp], values: Sequence[object] | Array) -> None:
        """Set the column to ``values`` in ``rows`` of ``array``, one value a row.

        In an input with more than one axis beside the rows (an image) one element of each row is set, another one in
        each row.
        """
        chosen = np.asarray(rows, np.intp)
        if self.index is not None and array.ndim == 2:
            array[chosen, self.index] = values
            return
        if array.ndim == 1:
            array[chosen] = values
            return
        flat = array.reshape(len(array), -1)
        width = 1 if self.index is None else array.shape[-1]
        places = flat.shape[1] // width
        if places == 0:
            return
        offset = 0 if self.index is None else self.index
        # 7919 is prime: the elements that are set wander over the whole row.
        flat[chosen, np.arange(len(chosen)) * 7919 % places * width + offset] = values
        if not np.shares_memory(flat, array):
            array[...] = flat.reshape(array.shape)

    def fill(self, array: Array, row: int, value: object) -> None:
        """Set every element of the column in one row of ``array``."""
        array[(row, ...) if self.index is None else (row, ..., self.index)] = value


def columns_of(spec: TensorSpec, signature: Signature, hints: InputHints) -> tuple[Column, ...]:
    """The columns of one input: those of its last axis where it is a matrix or a hint tells them apart, else one."""
    known = hints.columns.get(spec.name, ())
    width = spec.shape[-1] if len(spec.shape) > 1 else None
    names = signature.columns.get(spec.name, ())
    if isinstance(width, int) and width > 1 and (len(spec.shape) == 2 or len(known) == width):
        return tuple(
            _column(spec, index, names[index] if index < len(names) else f"{spec.name}[{index}]", signature, known)
            for index in range(width)
        )
    return (_column(spec, None, names[0] if len(names) == 1 else spec.name, signature, known),)


def _column(
    spec: TensorSpec, index: int | None, name: str, signature: Signature, known: tuple[ColumnHint, ...]
) -> Column:
    """A column with its hint; one hint for several columns holds for each of them."""
    position = index or 0
    hint = known[position] if position < len(known) else known[0] if len(known) == 1 else _NOTHING
    if not hint.categories:
        hint = replace(hint, categories=tuple(signature.categories.get(name, ())))
    return Column(spec, index, name, hint)
