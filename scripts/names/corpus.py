"""All samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from names.arrays import arrays
from names.boosters import boosters
from names.compositions import compositions
from names.estimators import every_estimator
from names.plain import plain
from names.sample import Sample
from names.science import science
from names.tables import tables
from names.variants import variants

PARTS: Mapping[str, Callable[[], Iterator[Sample]]] = {
    "estimators": every_estimator,
    "variants": variants,
    "compositions": compositions,
    "boosters": boosters,
    "arrays": arrays,
    "science": science,
    "tables": tables,
    "plain": plain,
}
"""What the corpus is made of."""


def corpus() -> Iterator[Sample]:
    """Every sample that there is."""
    for part in PARTS.values():
        yield from part()
