"""What a model answered, as JSON has it: a prediction a row, classes by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..session import Array
from ..signature import Role, Signature, TensorSpec
from .checks import are_finite
from .fields import Kind, kind_of


@dataclass(frozen=True)
class Answer:
    """What clients know of one output.

    ``kind`` is what its values are. ``keys`` are the classes behind the columns of probabilities, as text; empty where they
    have none, and for every other role. ``may_be_missing``: a value that is not finite is null.
    """

    name: str
    role: Role
    kind: Kind
    shape: tuple[int | str, ...]
    keys: tuple[str, ...] = ()

    @property
    def may_be_missing(self) -> bool:
        """Whether a value may be NaN or infinite, which JSON has no number for."""
        return self.kind == "float"


class Answers:
    """Turns the outputs of a model with ``signature`` into predictions.

    Where the one output is a plain tensor (``bare``), a prediction is its value: a number, a text, a nested list. Otherwise
    it is an object with the outputs by name, in which probabilities are an object by class.
    """

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.outputs = tuple(_answer(spec, signature) for spec in signature.outputs)
        self.bare = len(self.outputs) == 1 and self.outputs[0].role == "tensor"
        self._names = tuple(answer.name for answer in self.outputs)
        self._read = tuple(
            (answer.name, _reader(answer, spec)) for answer, spec in zip(self.outputs, signature.outputs, strict=True)
        )

    def predictions(self, outputs: Mapping[str, Array], rows: int) -> list[Any]:
        """``rows`` predictions, JSON-ready; a number that is not finite is None."""
        columns = [read(outputs[name], rows) for name, read in self._read]
        if self.bare:
            return columns[0]
        if len(columns) == 2:  # the usual classifier
            first, second = self._names
            return [{first: one, second: two} for one, two in zip(*columns, strict=True)]
        return [dict(zip(self._names, values, strict=True)) for values in zip(*columns, strict=True)]


def plain(array: Array) -> Any:
    """The values of ``array`` as nested lists, or as one value where it has no axis; None for what is not finite."""
    kind = array.dtype.kind
    if kind == "V":  # bfloat16, whose own scalars JSON does not know
        array, kind = array.astype(np.float32), "f"
    if kind == "f" and not are_finite(array):
        holed = array.astype(object)
        holed[~np.isfinite(array)] = None
        return holed.tolist()
    return array.tolist()


def _answer(spec: TensorSpec, signature: Signature) -> Answer:
    classes = signature.classes.get(spec.name, ())
    keyed = spec.role == "probabilities" and len(spec.shape) == 2 and spec.shape[1] == len(classes)
    keys = tuple(str(label) for label in classes) if keyed else ()
    return Answer(spec.name, spec.role, kind_of(spec.dtype), spec.shape, keys if len(set(keys)) == len(keys) else ())


def _reader(answer: Answer, spec: TensorSpec) -> Callable[[Array, int], list[Any]]:
    """The function that takes the values of one output apart, row by row."""
    axis = spec.batch_axis
    if axis is None:
        return lambda array, rows: [plain(array)] * rows
    if axis:
        return lambda array, _: list(plain(np.moveaxis(array, axis, 0)))
    read = _by_class(answer.keys) if answer.keys else plain
    rank = len(spec.shape)

    def values(array: Array, rows: int) -> list[Any]:
        if array.ndim != rank and array.size == rows:  # some graphs answer [batch, 1] where they declare [batch]
            array = array.reshape((rows,) + (1,) * (rank - 1))
        found: list[Any] = read(array)
        return found

    return values


def _by_class(keys: tuple[str, ...]) -> Callable[[Array], list[Any]]:
    """The function that makes an object a row; few classes are written out, which is twice as fast."""
    if len(keys) == 2:
        no, yes = keys
        return lambda array: [{no: one, yes: two} for one, two in plain(array)]
    if len(keys) == 3:
        first, second, third = keys
        return lambda array: [{first: one, second: two, third: three} for one, two, three in plain(array)]
    return lambda array: [dict(zip(keys, row, strict=True)) for row in plain(array)]
