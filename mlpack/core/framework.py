"""The second axis: the library whose object a file holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Scalar, Signature


@dataclass(frozen=True)
class ColumnHint:
    """What a model knows of one column of its inputs.

    ``thresholds`` are the values, in the units of the raw input, at which some split of a tree changes sides, float64.
    ``low`` and ``high`` bound the values it was trained on where it remembers them; ``center`` and ``spread`` are a mean
    and a standard deviation. ``categories`` are the values it was trained on; ``integral`` says only whole numbers occur.
    ``fill`` is the text that it puts where one is missing, as far as it says so.
    """

    thresholds: NDArray[np.float64] | None = None
    low: float | None = None
    high: float | None = None
    center: float | None = None
    spread: float | None = None
    categories: tuple[Scalar, ...] = ()
    integral: bool = False
    fill: str | None = None


@dataclass(frozen=True)
class InputHints:
    """What a model knows of its inputs: hints by input name, one a column (the last axis; one for the whole if shorter).

    ``rows`` are inputs that the model itself carries (support vectors, stored neighbours), by input name.
    ``takes_missing`` says whether a finite answer to NaN or an infinity means something: a tree routes it on purpose, and so
    does a network that asks for it (`asks_for_missing`); a pooling layer drops it by chance.
    """

    columns: Mapping[str, tuple[ColumnHint, ...]] = field(default_factory=dict)
    rows: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    takes_missing: bool = True


_ASKING = re.compile(r"nan_to_num|is_?nan|is_?finite|is_?inf|nan_?mean|nan_?sum|masking", re.IGNORECASE)


def asks_for_missing(source: str) -> bool:
    """Whether the code or configuration of a network asks for values that are not finite, and so answers them on purpose."""
    return _ASKING.search(source) is not None


Visit = Callable[[str, NDArray[np.generic]], None]
"""Called with the name of a layer and its output, in the order of execution."""


class Framework(Protocol):
    """One library. A file in ``frameworks/`` declares one as ``FRAMEWORK``.

    ``packages`` are the top-level import packages whose classes are recognised in a pickle without loading it,
    ``library`` the module to import, ``distribution`` its name for pip, ``extra`` mlpack's extra that brings it.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    library: str
    distribution: str
    extra: str

    def recognises(self, model: Any) -> bool:
        """Whether ``model`` is an object of this library. Imports nothing that is not imported yet."""
        ...

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:
        """Inputs and outputs of ``model``. ``sample`` helps where the model does not know (a torch module's inputs).

        Raises NoRouteError for an object that cannot predict, UsageError where a sample is needed and none was given.
        """
        ...

    def session(self, model: Any, signature: Signature) -> Session:
        """Open ``model`` for prediction, in evaluation mode, on the CPU."""
        ...

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """What ``model`` knows of its inputs."""
        ...

    def stages(self, model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
        """Predict ``feed`` and hand each layer's or step's output to ``visit``, a few at a time in memory."""
        ...

    def in_double(self, model: Any, signature: Signature) -> Session | None:
        """The same model computing in float64, to know the reference's own rounding; None where it cannot be had."""
        ...
