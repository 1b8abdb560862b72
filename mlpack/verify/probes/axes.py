"""The sizes of the axes of a model's inputs: which one is the batch, which are fixed, which may vary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature, TensorSpec

BATCH = "batch"
_SEQUENCE_SIZES = (8, 6, 10, 7, 9)
_IMAGE_SIZES = (32, 48, 64)


@dataclass(frozen=True)
class Axes:
    """``batch`` is the name of the batch axis, None where the model takes ``fixed_rows`` rows and no other number.

    ``positions`` says where the batch axis stands in each input (None: nowhere, the input is shared by all rows).
    ``sizes`` holds a size for each other named axis. Sizes differ from axis to axis, so that an exporter that sees an
    example of them does not take two axes for one.
    """

    batch: str | None
    fixed_rows: int | None
    positions: Mapping[str, int | None]
    sizes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, signature: Signature, data: Feed | None) -> Axes:
        """Names and sizes from ``signature``; sizes from ``data`` where it is given."""
        batch = _batch_name(signature)
        fixed = None
        if batch is None:
            fixed = next((int(spec.shape[0]) for spec in signature.inputs if spec.shape), 1)
        sizes: dict[str, int] = {}
        for spec in signature.inputs:
            for position, dim in enumerate(spec.shape):
                if isinstance(dim, str) and dim != batch and dim not in sizes:
                    sizes[dim] = _default_size(spec, len(sizes)) if data is None else data[spec.name].shape[position]
        return cls(batch, fixed, {spec.name: _position(spec, batch, fixed) for spec in signature.inputs}, sizes)

    def with_sizes(self, sizes: Mapping[str, int]) -> Axes:
        """The same axes with some other sizes."""
        return replace(self, sizes={**self.sizes, **sizes})

    def shape_of(self, spec: TensorSpec, rows: int) -> tuple[int, ...]:
        """The shape of ``spec`` with ``rows`` rows."""
        batch = self.positions[spec.name]
        return tuple(
            rows if position == batch else dim if isinstance(dim, int) else self.sizes[dim]
            for position, dim in enumerate(spec.shape)
        )

    def cells_of(self, spec: TensorSpec) -> int:
        """Values in one row of ``spec``."""
        return math.prod(self.shape_of(spec, 1))

    def rows_in(self, feed: Feed) -> int:
        """The number of rows of ``feed``; 1 where no input has rows."""
        for name, position in self.positions.items():
            if position is not None:
                return int(feed[name].shape[position])
        return 1


def _batch_name(signature: Signature) -> str | None:
    """``"batch"`` where some input has it; a graph from elsewhere may call its first axis something else."""
    if any(BATCH in spec.shape for spec in signature.inputs):
        return BATCH
    first = next((spec.shape[0] for spec in signature.inputs if spec.shape), None)
    return first if isinstance(first, str) else None


def _position(spec: TensorSpec, batch: str | None, fixed: int | None) -> int | None:
    if batch is not None:
        return spec.shape.index(batch) if batch in spec.shape else None
    return 0 if spec.shape and spec.shape[0] == fixed else None


def _default_size(spec: TensorSpec, position: int) -> int:
    # Images go through strides and poolings: below 32 nothing is left of them, and U-Nets take multiples of 16 only.
    sizes = _IMAGE_SIZES if len(spec.shape) >= 4 and spec.is_floating else _SEQUENCE_SIZES
    return sizes[position % len(sizes)]
