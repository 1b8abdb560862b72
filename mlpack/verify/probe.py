"""One set of inputs that both models are asked to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Feed

ProbeKind = Literal["data", "drawn", "batch", "axis", "threshold", "missing", "infinite", "category", "text", "extreme"]


@dataclass(frozen=True)
class Probe:
    """One feed to try on both sides, in the dtypes of the reference; ``note`` says what was left out of it.

    ``places`` are the rows of the user's data that it holds, from 0; None where they are none of the user's.
    """

    name: str
    kind: ProbeKind
    feed: Feed
    note: str = ""
    places: NDArray[np.intp] | None = None

    def place_of(self, row: int) -> int:
        """Where the user finds a row: in the data that was given, else in the probe itself."""
        return row if self.places is None else int(self.places[row])
