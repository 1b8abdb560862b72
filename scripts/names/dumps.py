"""The ways in which an object is written to a file."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import Any, Literal

from names.sample import Sample

Kind = Literal["pickle", "joblib"]


def dumped(value: Any, kind: Kind, protocol: int) -> bytes:
    """``value`` as ``pickle.dump`` or ``joblib.dump`` writes it."""
    if kind == "pickle":
        return pickle.dumps(value, protocol)
    import joblib

    buffer = io.BytesIO()
    joblib.dump(value, buffer, protocol=protocol)
    return buffer.getvalue()


def every_dump(sample: Sample) -> Iterator[tuple[Kind, int, bytes]]:
    """A sample in every protocol of pickle, and in two of joblib's: it writes all else that it does as pickle would."""
    for protocol in range(sample.oldest, 6):
        yield "pickle", protocol, dumped(sample.value, "pickle", protocol)
    for protocol in (2, 5):
        yield "joblib", protocol, dumped(sample.value, "joblib", protocol)
