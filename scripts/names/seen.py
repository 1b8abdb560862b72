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

    Raises ValueError for a sample that does what no list can allow.
    """
    for sample, view in _views(samples):
        misdeeds = [finding.message for finding in view.findings if not finding.use]
        if misdeeds:
            raise ValueError(f"{sample}: {misdeeds[0]}")
        for use in view.uses:
            yield Use(canonical(use.module), use.name, use.role), sample


def findings_of(samples: Iterable[Sample]) -> Iterator[str]:
    """What a scan holds against any dump of any sample."""
    for sample, view in _views(samples):
        for finding in view.findings:
            yield f"{sample}: {finding.message}"


def _views(samples: Iterable[Sample]) -> Iterator[tuple[str, PickleView]]:
    for sample in samples:
        for kind, protocol, content in every_dump(sample):
            source = source_of(io.BytesIO(content), sample.name)
            yield f"{sample.name} as {kind} {protocol}", read_pickle(source, joblib=kind == "joblib")
