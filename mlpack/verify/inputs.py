"""The user's own data, as a feed: read from a file, or taken from what a notebook has at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.data import read_data, sample_feed


def feed_of(data: Any, signature: Signature | None) -> Feed | None:
    """``data`` as a feed: a path, arrays, a table, or None.

    Without a ``signature`` (a model that does not know its own inputs) the arrays are taken as they are.
    Raises DataError.
    """
    if data is None:
        return None
    if isinstance(data, str | Path):
        return read_data(Path(data), signature)
    return sample_feed(data, signature)
