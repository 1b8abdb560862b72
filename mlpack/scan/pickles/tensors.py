"""Counts the parameters of torch modules and state dicts from their symbols, without a tensor's bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mlpack.scan.pickles.describe import pairs_of
from mlpack.scan.pickles.dtypes import is_shape
from mlpack.scan.pickles.symbols import Call, Name, attributes_of

_PARAMETER = frozenset({"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"})
_MAX_MODULES = 1_000_000


def tensor_shape(value: Any) -> tuple[int, ...] | None:
    """The shape of a tensor or parameter; None for anything else."""
    if isinstance(value, Call) and isinstance(value.target, Name):
        name, arguments = value.target.qualified, value.arguments
        if name in _PARAMETER and arguments:
            return tensor_shape(arguments[0]) if not _is_parameter(arguments[0]) else None
        if name.startswith("torch._utils._rebuild_") and len(arguments) > 2 and is_shape(arguments[2]):
            return tuple(arguments[2])
    return None


def parameter_count(module: Any) -> int:
    """Numbers in all parameters of a pickled module; one shared by two modules counts once."""
    return sum(
        math.prod(shape) for shape in (tensor_shape(value) for value in _parameters(module)) if shape is not None
    )


def tensor_count(tensors: Iterator[Any]) -> int:
    """Numbers in ``tensors``, each object once."""
    unique = {id(value): shape for value in tensors if (shape := tensor_shape(value)) is not None}
    return sum(math.prod(shape) for shape in unique.values())


def _parameters(module: Any) -> list[Any]:
    found: dict[int, Any] = {}
    pending: list[Any] = [module]
    seen: set[int] = set()
    while pending and len(seen) < _MAX_MODULES:
        part = pending.pop()
        if not isinstance(part, Call) or not seen.isdisjoint({id(part), id(part.state)}):
            continue
        seen |= {id(part), id(part.state)}
        attributes = attributes_of(part)
        own, inner = attributes.get("_parameters"), attributes.get("_modules")
        found.update((id(value), value) for _, value in (() if id(own) in seen else pairs_of(own)))
        pending.extend(module for _, module in (() if id(inner) in seen else pairs_of(inner)))
        seen |= {id(own), id(inner)}  # what several modules share was looked through
    return list(found.values())


def _is_parameter(value: Any) -> bool:
    return isinstance(value, Call) and isinstance(value.target, Name) and value.target.qualified in _PARAMETER
