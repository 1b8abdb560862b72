"""The names that pickles use, as mlpack's own reader tells them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from mlpack.core.trust import Use
from mlpack.scan.lists import canonical
from mlpack.scan.pickles.stream import PickleView, read_pickle
from mlpack.scan.source import source_of
from names.dumps import every_dump
from names.sample import Sample


def uses_of(samples: Iterable[Sample]) -> Iterator[tuple[Use, str]]:
    """Each use of a name in any dump of any sample, with the sample's name. A use comes as often as it is met.

    Raises ValueError for a sample that the reader refuses.
    """
    for sample in samples:
        for kind, _, content in every_dump(sample):
            view = read(content, joblib=kind == "joblib")
            misdeeds = [finding.message for finding in view.findings if not finding.use]
            if misdeeds:
                raise ValueError(f"{sample.name} as {kind}: {misdeeds[0]}")
            for use in view.uses:
                yield Use(canonical(use.module), use.name, use.role), sample.name


def read(content: bytes, *, joblib: bool) -> PickleView:
    """What ``content`` would make."""
    return read_pickle(source_of(io.BytesIO(content), "the sample"), joblib=joblib)
