"""A layer's output, reduced to a few numbers that do not change when axes are permuted or reshaped.

Keras computes in NHWC and ONNX in NCHW, a torch Linear may be a MatMul and an Add over flattened rows: the values are
the same, in another order. Sorted quantiles and moments are the same too, and small enough to travel between processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Array

QUANTILES = 65
_BLOCK = 1 << 20
_EMPTY = float("inf")


@dataclass(frozen=True)
class Fingerprint:
    """One stage's output. Statistics are over its finite values; ``quantiles`` are evenly spaced, ends included.

    ``order`` depends on the order of the values as well: equal quantiles with another ``order`` mean permuted axes.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    nans: int
    infinities: int
    mean: float
    rms: float
    cube: float
    quantiles: tuple[float, ...]
    order: float

    @property
    def tells(self) -> bool:
        """Whether an equal fingerprint is worth anything: two constants agree by chance."""
        return self.size > 1 and len(set(self.quantiles)) > 1

    def distance(self, other: Fingerprint) -> float:
        """How far apart, in units of the scale of this one: 0 for equal values in any order, inf for another size."""
        if (self.size, self.nans, self.infinities) != (other.size, other.nans, other.infinities):
            return _EMPTY
        if not self.quantiles:
            return 0.0
        scale = max(self.rms, 1e-30)
        quantiles = np.abs(np.subtract(self.quantiles, other.quantiles)).max() / scale
        moments = max(abs(self.mean - other.mean), abs(self.rms - other.rms), abs(self.cube - other.cube)) / scale
        return float(max(quantiles, moments))

    def same_order(self, other: Fingerprint, tolerance: float) -> bool:
        """Whether the values stand in the same order too."""
        return abs(self.order - other.order) <= tolerance * max(self.rms, 1e-30)

    def to_json(self) -> dict[str, Any]:
        """The fingerprint as JSON-ready values."""
        return {**asdict(self), "shape": list(self.shape), "quantiles": list(self.quantiles)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Fingerprint:
        """The inverse of `to_json`."""
        parts = {**document, "shape": tuple(document["shape"]), "quantiles": tuple(document["quantiles"])}
        return cls(**parts)


def fingerprint(name: str, array: Array) -> Fingerprint | None:
    """The fingerprint of a stage's output, None for what has no numbers (strings). Needs one copy of the array."""
    values = np.asarray(array)
    if values.dtype.kind not in "fiubV" or values.dtype.names:
        return None
    if values.dtype.kind in "bV" or values.dtype.itemsize < 4:
        values = values.astype(np.float32)
    flat = values.ravel()
    nans = int(np.isnan(flat).sum()) if flat.dtype.kind == "f" else 0
    finite = flat
    if flat.dtype.kind == "f":
        mask = np.isfinite(flat)
        finite = flat if mask.all() else flat[mask]
    mean, rms, cube, order = _moments(finite)
    return Fingerprint(
        name=name,
        shape=tuple(int(size) for size in np.shape(array)),
        dtype=str(np.asarray(array).dtype),
        size=int(flat.size),
        nans=nans,
        infinities=int(flat.size - finite.size - nans),
        mean=mean,
        rms=rms,
        cube=cube,
        quantiles=_quantiles(finite),
        order=order,
    )


def _quantiles(values: NDArray[Any]) -> tuple[float, ...]:
    if not values.size:
        return ()
    places = np.unique(np.linspace(0, values.size - 1, QUANTILES).round().astype(np.intp))
    # A partition gives just these order statistics, in place, without sorting the rest.
    ordered = np.partition(values, places)
    return tuple(float(value) for value in ordered[places])


def _moments(values: NDArray[Any]) -> tuple[float, float, float, float]:
    """Mean, root mean square, cube root of the mean cube, and a mean weighted by position, in float64."""
    if not values.size:
        return 0.0, 0.0, 0.0, 0.0
    total = square = cube = order = 0.0
    largest = max(float(np.abs(values.max())), float(np.abs(values.min())), 1e-300)
    for start in range(0, values.size, _BLOCK):
        block = values[start : start + _BLOCK].astype(np.float64) / largest
        total += float(block.sum())
        square += float(np.square(block).sum())
        cube += float((block * block * block).sum())
        # Weights from -1 to 1 that repeat in no period of a shape.
        order += float((block * np.cos(np.arange(start, start + block.size) * 1.618033988749895)).sum())
    size = values.size
    root = float(np.sqrt(square / size))
    return total / size * largest, root * largest, float(np.cbrt(cube / size)) * largest, order / size * largest
