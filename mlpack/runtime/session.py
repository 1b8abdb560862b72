"""The one thing that predicts, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from .signature import Signature, TensorSpec

Array = NDArray[Any]
Feed = Mapping[str, Array]
"""Arrays by input name. Strings are object arrays of ``str``."""
Outputs = dict[str, Array]
"""Arrays by output name. Strings are object arrays of ``str``."""


def take_rows(arrays: Mapping[str, Array], specs: Iterable[TensorSpec], rows: slice) -> dict[str, Array]:
    """``rows`` of each array along its batch axis; an array without one is left as it is."""
    axes = {spec.name: spec.batch_axis for spec in specs}
    taken = {}
    for name, array in arrays.items():
        axis = axes.get(name)
        whole = axis is None or axis >= array.ndim
        taken[name] = array if whole else array[(slice(None),) * (axis or 0) + (rows,)]
    return taken


def rows_in(arrays: Mapping[str, Array], specs: Iterable[TensorSpec]) -> int:
    """The length of the batch axis; 1 where no array has one."""
    sizes = [arrays[spec.name].shape[spec.batch_axis] for spec in specs if spec.batch_axis is not None]
    return min(sizes, default=1)


class Session(Protocol):
    """An opened model: a context manager that answers feeds."""

    signature: Signature

    def run(self, feed: Feed) -> Outputs:
        """Predict. Every array has the rows of one batch on its first axis.

        Raises whatever the library behind it raises on inputs that it does not take.
        """
        ...

    def close(self) -> None:
        """Free what the session holds. Safe to call twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ClosingSession:
    """The part every session shares: leaving the ``with`` block closes it."""

    signature: Signature

    def close(self) -> None:
        """Free what the session holds; a session that holds nothing has nothing to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
