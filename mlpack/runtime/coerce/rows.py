"""Rows as clients write them to the arrays that the model takes.

However a row comes (JSON, protobuf, a table), the same values give the same arrays, or the same ContractError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ContractError
from ..session import Array, Feed
from ..signature import Signature, TensorSpec
from .checks import Checks
from .columns import column, refuse
from .fields import Field, layout_of, numpy_dtype
from .nested import Nested
from .values import UNFIT, block

Column = Sequence[Any] | Array


class Rows:
    """Builds feeds for a model with ``signature``. Every method raises ContractError for the first value it does not take.

    ``where`` names the rows in messages. ``typed`` values are known to be of the Python types of their fields (float or
    int, int, bool, str; None only where missing is allowed), ``finite`` ones to hold neither NaN nor infinity.
    """

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.layout = layout_of(signature)
        self.fields = self.layout.fields
        tensors = self.layout.kind == "tensors"
        self._parts = () if tensors else tuple(_Part(spec, self.fields) for spec in signature.inputs)
        self._nested = Nested(self.layout) if tensors else None

    def feed_of_tuples(
        self, tuples: Sequence[Sequence[Any]], where: str = "instances", *, typed: bool = False, finite: bool = False
    ) -> Feed:
        """The feed of rows whose values stand in the order of the fields: the fast way for ``records`` and ``lists``."""
        part = self._parts[0] if len(self._parts) == 1 else None
        if part is not None and part.is_block and tuples:
            made = part.from_tuples(tuples, typed=typed, finite=finite)
            if made is not None:
                return {part.spec.name: made}
        self._check_widths(tuples, where)
        columns: Sequence[Column] = list(zip(*tuples, strict=True)) if tuples else [()] * len(self.fields)
        return self._feed(columns, len(tuples), where, typed=typed)

    def feed_of_columns(
        self, columns: Mapping[str, Column], rows: int, where: str = "instances", *, typed: bool = False
    ) -> Feed:
        """The feed of ``rows`` rows given field by field, by their names."""
        known = frozenset(self.layout.names)
        unknown = [name for name in columns if name not in known]
        if unknown:
            raise ContractError(f"there is no field {unknown[0]!r}", where)
        ordered: list[Column] = []
        for field in self.fields:
            if field.name not in columns:
                raise ContractError(f"the field {field.name!r} is missing", where)
            values = columns[field.name]
            if len(values) != rows:
                raise ContractError(f"{field.name!r} has {len(values)} values, and there are {rows} rows", where)
            ordered.append(values)
        return self._feed(ordered, rows, where, typed=typed)

    def feed_of_instances(
        self, instances: Sequence[Any], where: str = "instances", *, typed: bool = False, finite: bool = False
    ) -> Feed:
        """The feed of rows of any layout, as JSON has them: objects by name, lists, values, nested lists."""
        if self._nested is not None:
            return self._nested.feed(instances, where, typed=typed)
        if self.layout.kind == "values":
            return self._feed([instances], len(instances), where, typed=typed)
        if self.layout.kind == "records":
            instances = self._ordered(instances, where)
        return self.feed_of_tuples(instances, where, typed=typed, finite=finite)

    def _feed(self, columns: Sequence[Column], rows: int, where: str, *, typed: bool) -> Feed:
        if self._nested is not None:
            return self._nested.feed_of_columns(columns, where, typed=typed)
        feed: dict[str, Array] = {}
        for part in self._parts:
            made = part.from_columns(columns, rows, typed=typed)
            if made is None:
                raise refuse(columns, self.layout, where)
            feed[part.spec.name] = made
        return feed

    def _check_widths(self, tuples: Sequence[Any], where: str) -> None:
        width = len(self.fields)
        for row, values in enumerate(tuples):
            if not isinstance(values, (list, tuple)):
                raise ContractError(f"a list of {width} values is wanted", f"{where}[{row}]")
            if len(values) != width:
                raise ContractError(f"{len(values)} values, and the model takes {width}", f"{where}[{row}]")

    def _ordered(self, instances: Sequence[Any], where: str) -> list[tuple[Any, ...]]:
        names = self.layout.names
        known = set(names)
        ordered = []
        for row, record in enumerate(instances):
            if not isinstance(record, Mapping):
                raise ContractError("an object is wanted, with a value for each field", f"{where}[{row}]")
            missing = next((name for name in names if name not in record), None)
            if missing is not None:
                raise ContractError(f"the field {missing!r} is missing", f"{where}[{row}]")
            if len(record) != len(names):
                unknown = next(name for name in record if name not in known)
                raise ContractError(f"there is no field {unknown!r}", f"{where}[{row}]")
            ordered.append(tuple([record[name] for name in names]))
        return ordered


class _Part:
    """One input, and the fields that feed it."""

    def __init__(self, spec: TensorSpec, fields: Sequence[Field]) -> None:
        self.spec = spec
        places = [place for place, field in enumerate(fields) if field.spec_name == spec.name]
        self.places = slice(places[0], places[-1] + 1)
        self.fields = tuple(fields[self.places])
        self.checks = Checks(self.fields)
        self.missing = any(field.missing for field in self.fields)
        kind = self.fields[0].kind
        self.is_block = kind != "string" and len(spec.shape) == 2
        self.kind = kind
        self.dtype = numpy_dtype(spec.dtype)
        self.sure = self.checks.only_finite and (kind != "float" or spec.dtype == "float64")
        """Whether finite values of the right types need no check."""

    def _is_written_as_it_is(self, values: Column) -> bool:
        """Whether ``values`` are floats that only have to be rounded to the dtype, which writing them does."""
        return (
            self.dtype.kind == "f" and isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind == "f"
        )

    def from_tuples(self, tuples: Sequence[Sequence[Any]], *, typed: bool, finite: bool) -> Array | None:
        """The matrix of whole rows; None where some value of it is none that the model takes."""
        try:
            made = block(tuples, len(self.fields), self.spec.dtype, self.kind, missing=self.missing, typed=typed)
        except UNFIT:
            return None
        return made if (typed and finite and self.sure) or self.checks.hold(made) else None

    def from_columns(self, columns: Sequence[Column], rows: int, *, typed: bool) -> Array | None:
        """The array of the columns that feed it; None where some value of it is none that the model takes."""
        made = np.empty((rows, len(self.fields)), dtype=self.dtype)
        with np.errstate(over="ignore"):  # what overflows is not finite, which the checks see
            for place, (values, field) in enumerate(zip(columns[self.places], self.fields, strict=True)):
                array = values if self._is_written_as_it_is(values) else column(values, field, typed=typed)
                if array is None:
                    return None
                made[:, place] = array
        if not self.checks.hold(made):
            return None
        return made.reshape(rows) if len(self.spec.shape) == 1 else made
