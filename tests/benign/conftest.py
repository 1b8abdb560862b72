"""The honest objects that the lists of names are made from, built once a session, in files of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from names.corpus import PARTS
from names.sample import Sample


@cache
def _built(part: str) -> tuple[Sample, ...]:
    return tuple(PARTS[part]())


@pytest.fixture(scope="session")
def samples() -> Callable[[str], Sequence[Sample]]:
    """The samples of a part of the corpus."""
    return _built


@pytest.fixture(scope="session")
def expected() -> Callable[[Sample], Any]:
    """What a sample answers."""
    known: dict[str, Any] = {}

    def answers(sample: Sample) -> Any:
        if sample.name not in known:
            known[sample.name] = sample.answers(sample.value)
        return known[sample.name]

    return answers
