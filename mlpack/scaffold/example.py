"""A request that works: a golden row, as a client writes it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpack.core.errors import CorruptFileError
from mlpack.runtime.coerce.fields import Layout, layout_of
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.errors import ContractError
from mlpack.runtime.service.golden import Golden
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature, TensorSpec

_MOST_VALUES = 50_000
"""In all rows of an example together: a golden image is enough, sixteen are not needed."""


@dataclass(frozen=True)
class Example:
    """Golden rows as a client writes them: ``rows`` says which, ``instances`` holds them."""

    rows: tuple[int, ...]
    instances: tuple[Any, ...]

    @property
    def request(self) -> dict[str, Any]:
        """A request with the first of them."""
        return {"instances": [self.instances[0]]}

    @property
    def text(self) -> str:
        """That request as JSON, on one line."""
        return _json(self.request)

    @property
    def all_text(self) -> str:
        """All of them as JSON, on one line."""
        return _json({"rows": list(self.rows), "instances": list(self.instances)})


def example_of(golden: Golden, signature: Signature) -> Example:
    """The golden rows that the contract takes, those without missing values first, and as many as stay a small file.

    Numbers have the fewest digits that give the same value in the model's dtype. Raises CorruptFileError where there is none.
    """
    layout, rows = layout_of(signature), Rows(signature)
    count = _count(golden.inputs, signature)
    most = max(1, _MOST_VALUES * count // max(1, sum(array.size for array in golden.inputs.values())))
    taken: dict[int, Any] = {}
    refused = ""
    for row in range(count):
        instance = _instance(layout, golden.inputs, row)
        try:
            rows.feed_of_instances([instance])
        except ContractError as error:
            refused = refused or error.message
        else:
            taken[row] = instance
    if not taken:
        raise CorruptFileError(
            "the bundle has no golden row that its own signature takes",
            why=refused,
            hint="pack the model again: mlpack pack MODEL -o NAME.mlpack",
        )
    chosen = sorted(taken, key=lambda row: ("null" in _json(taken[row]), row))[:most]
    return Example(tuple(chosen), tuple(taken[row] for row in chosen))


def _json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def _count(feed: Feed, signature: Signature) -> int:
    """The rows of a feed: the size of its batch axis, 1 where no input has one."""
    axes = [(feed[spec.name], spec.batch_axis) for spec in signature.inputs]
    return next((array.shape[axis] for array, axis in axes if axis is not None), 1)


def _instance(layout: Layout, feed: Feed, row: int) -> Any:
    if layout.kind == "tensors":
        tensors = {spec.name: _nested(_row(feed[spec.name], spec, row)) for spec in layout.inputs}
        return tensors if len(tensors) > 1 else next(iter(tensors.values()))
    rows = {spec.name: _row(feed[spec.name], spec, row) for spec in layout.inputs}
    values = [_nested(np.ravel(rows[field.spec_name])[field.position or 0]) for field in layout.fields]
    if layout.kind == "values":
        return values[0]
    return dict(zip(layout.names, values, strict=True)) if layout.kind == "records" else values


def _row(array: Array, spec: TensorSpec, row: int) -> Any:
    return array if spec.batch_axis is None else np.take(array, row, axis=spec.batch_axis)


def _nested(value: Any) -> Any:
    """``value``, an array or one of its elements, as JSON has it."""
    if isinstance(value, np.ndarray) and value.ndim:
        return [_nested(part) for part in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    scalar = value.item() if isinstance(value, np.ndarray) else value
    if isinstance(scalar, np.generic):
        number: Any = scalar.item()
        shortened: Callable[[str], float] = float
        scalar = shortened(str(scalar)) if isinstance(number, float) else number
    if isinstance(scalar, float) and not math.isfinite(scalar):
        return None
    return scalar
