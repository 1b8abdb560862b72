"""What a fuzz target is: one reader, how its inputs are changed, and what it begins with.

A file ``tests/fuzz/targets/NAME.py`` declares ``TARGETS`` and is found by being there. What a target may do is one thing
only: return, or refuse with an `MlpackError` that says what is wrong (`mlpack.core.errors`). Any other exception, a crash, a
time-out, memory over the limit, and anything that `fuzz.guard` sees is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

Mutate = Callable[[bytes, Random, Sequence[bytes]], bytes]
"""A changed input, from an input, a source of chance, and the seeds to splice from."""


@dataclass(frozen=True)
class Target:
    """``run`` reads one input. ``seeds`` are the groups of `fuzz.seeds` to begin with, ``libraries`` are imported before.

    ``most_bytes`` is the length that an input may reach.
    """

    name: str
    run: Callable[[bytes], Any]
    mutate: Mutate
    seeds: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    most_bytes: int = 1 << 14


@cache
def all_targets() -> Mapping[str, Target]:
    """Every target by its name."""
    files = sorted((Path(__file__).parent / "targets").glob("*.py"))
    found = [target for file in files for target in import_module(f"fuzz.targets.{file.stem}").TARGETS]
    named = {target.name: target for target in found}
    assert len(named) == len(found), "two targets of one name"
    return named
