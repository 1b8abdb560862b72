"""What a model answered, as columns of Arrow: a label, a probability a class, an output by its own name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpack.batch.vectors import column_of
from mlpack.core.errors import UsageError
from mlpack.runtime.coerce.answers import Answer, Answers
from mlpack.runtime.session import Array, Outputs
from mlpack.runtime.signature import Signature


@dataclass(frozen=True)
class OutputColumn:
    """One column of the output. ``place`` is the class or value of the output that it holds; None for all of it."""

    name: str
    output: str
    dtype: str
    inner: tuple[int | str, ...]
    place: int | None = None


class AnswerColumns:
    """Turns the outputs of a model with ``signature`` into columns. ``flat`` has a column for every value of an array.

    Raises UsageError for an output that has no rows, or that no column can hold.
    """

    def __init__(self, signature: Signature, *, flat: bool) -> None:
        answers = Answers(signature).outputs
        for spec in signature.outputs:
            if spec.batch_axis != 0:
                raise UsageError(f"the output {spec} has no row for every row of the input: it cannot be a column")
        alone = len([answer for answer in answers if answer.keys]) == 1
        self.columns = tuple(
            column
            for answer, spec in zip(answers, signature.outputs, strict=True)
            for column in _columns(answer, spec.dtype, alone=alone, flat=flat)
        )
        self._ranks = {spec.name: len(spec.shape) for spec in signature.outputs}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def fields(self) -> list[Any]:
        """The columns as fields of a schema; all of them may be null."""
        import pyarrow as pa

        return [pa.field(column.name, _type(column)) for column in self.columns]

    def arrays(self, outputs: Sequence[Outputs], rows: int) -> list[Any]:
        """The columns of the answers to some batches, ``rows`` rows together."""
        whole = {name: self._together(name, [one[name] for one in outputs], rows) for name in self._ranks}
        return [_array(column, whole[column.output], rows) for column in self.columns]

    def _together(self, name: str, arrays: Sequence[Array], rows: int) -> Array:
        array = np.concatenate(arrays) if len(arrays) > 1 else np.asarray(arrays[0])
        rank = self._ranks[name]
        if array.ndim != rank and array.size == rows:  # some graphs answer [batch, 1] where they declare [batch]
            array = array.reshape((rows,) + (1,) * (rank - 1))
        return array


def _columns(answer: Answer, dtype: str, *, alone: bool, flat: bool) -> Sequence[OutputColumn]:
    inner = answer.shape[1:]
    if answer.keys:
        prefix = "probability" if alone else answer.name
        return [OutputColumn(f"{prefix}_{key}", answer.name, dtype, (), place) for place, key in enumerate(answer.keys)]
    if inner in {(), (1,)}:
        return [OutputColumn(answer.name, answer.name, dtype, (), 0 if inner else None)]
    if not flat:
        return [OutputColumn(answer.name, answer.name, dtype, inner)]
    sizes = [size for size in inner if isinstance(size, int)]
    if len(sizes) != len(inner):
        raise UsageError(
            f"the output {answer.name} has arrays of any size, and a line of text has no place for them",
            hint="--format parquet, arrow or jsonl",
        )
    return [
        OutputColumn(f"{answer.name}_{place}", answer.name, dtype, (), place) for place in range(int(np.prod(sizes)))
    ]


def _type(column: OutputColumn) -> Any:
    import pyarrow as pa

    plain = {"string": pa.string(), "bool": pa.bool_(), "bfloat16": pa.float32()}.get(column.dtype)
    type_ = plain if plain is not None else pa.from_numpy_dtype(np.dtype(column.dtype))
    for size in reversed(column.inner):
        type_ = pa.list_(type_, size) if isinstance(size, int) else pa.list_(type_)
    return type_


def _array(column: OutputColumn, array: Array, rows: int) -> Any:
    import pyarrow as pa

    if column.place is not None:
        array = np.ascontiguousarray(array.reshape(rows, -1)[:, column.place])
    if array.dtype.kind == "V":  # bfloat16
        array = array.astype(np.float32)
    type_ = _type(column)
    if array.ndim > 1 and any(isinstance(size, str) for size in column.inner):
        return pa.array(list(array.tolist()), type_)
    flat = array.reshape(-1)
    made = pa.array(flat, from_pandas=False) if flat.dtype.kind in "OSU" else column_of(flat)
    if array.ndim == 1:
        return made.cast(type_)
    kinds = []
    while pa.types.is_fixed_size_list(type_):
        kinds.append(type_)
        type_ = type_.value_type
    for kind in reversed(kinds):
        made = pa.FixedSizeListArray.from_arrays(made, type=kind)
    return made


def spread(arrays: Sequence[Any], good: Array, rows: int) -> list[Any]:
    """``arrays``, which have a value for each of the ``good`` rows, with null in all the others of ``rows``."""
    import pyarrow as pa

    places: Mapping[int, int] = {int(row): place for place, row in enumerate(good)}
    indices = pa.array([places.get(row) for row in range(rows)], pa.int64())
    return [array.take(indices) for array in arrays]
