"""The converters, one file for each edge between two frameworks."""

from __future__ import annotations

from typing import cast

from mlpack.core.converter import Converter
from mlpack.core.registry import registry


def all_converters() -> dict[str, Converter]:
    """Every converter by name."""
    return cast("dict[str, Converter]", registry("mlpack.converters", "CONVERTER").entries)
