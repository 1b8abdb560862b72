"""The one thing that predicts, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from numpy.typing import NDArray

from mlpack.runtime.signature import Signature

Array = NDArray[Any]
Feed = Mapping[str, Array]
"""Arrays by input name. Strings are object arrays of ``str``."""
Outputs = dict[str, Array]
"""Arrays by output name. Strings are object arrays of ``str``."""


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
