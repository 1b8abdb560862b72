"""One set of inputs that both models are asked to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlpack.runtime.session import Feed

ProbeKind = Literal["data", "drawn", "batch", "axis", "threshold", "missing", "infinite", "category", "text", "extreme"]


@dataclass(frozen=True)
class Probe:
    """One feed to try on both sides, in the dtypes of the reference; ``note`` says what was left out of it."""

    name: str
    kind: ProbeKind
    feed: Feed
    note: str = ""
