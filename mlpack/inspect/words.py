"""Sizes, counts and signatures as a reader wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlpack.core.view import Cell
from mlpack.runtime.signature import Signature, TensorSpec

_SHOWN_TENSORS = 8
_SHOWN_VALUES = 8


def byte_size(size: int) -> str:
    """``size`` in bytes, in the largest decimal unit that leaves a number of 1 or more."""
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{size} bytes" if unit == "bytes" else f"{amount:.1f} {unit}"


def few(values: Sequence[object], limit: int = _SHOWN_VALUES) -> str:
    """The first ``limit`` values, and how many more there are."""
    shown = ", ".join(str(value) for value in values[:limit])
    return f"{shown} and {len(values) - limit:,} more" if len(values) > limit else shown


def count_of(operators: Mapping[str, int]) -> str:
    """The most frequent operators with their counts."""
    by_count = sorted(operators.items(), key=lambda item: (-item[1], item[0]))
    return few([name if count == 1 else f"{name} ×{count}" for name, count in by_count])


def signature_facts(signature: Signature) -> list[tuple[str, str | Cell]]:
    """One line a tensor, then the columns and class labels where the model knows them."""
    facts: list[tuple[str, str | Cell]] = []
    facts += _tensors("in", signature.inputs)
    facts += _tensors("out", signature.outputs)
    facts += [("columns", f"{name}: {few(columns)}") for name, columns in signature.columns.items()]
    facts += [("categories", f"{name}: {few(values)}") for name, values in signature.categories.items()]
    facts += [("classes", few(labels)) for labels in dict.fromkeys(signature.classes.values())]
    return facts


def _tensors(label: str, specs: Sequence[TensorSpec]) -> list[tuple[str, str | Cell]]:
    lines: list[tuple[str, str | Cell]] = [(label, str(spec)) for spec in specs[:_SHOWN_TENSORS]]
    if len(specs) > _SHOWN_TENSORS:
        lines.append((label, f"and {len(specs) - _SHOWN_TENSORS:,} more"))
    return lines
