"""The file formats, one file each: told by content, read without loading, loaded, saved."""

from __future__ import annotations

from typing import cast

from mlpack.core.errors import UsageError
from mlpack.core.format import Format
from mlpack.core.registry import registry


def all_formats() -> dict[str, Format]:
    """Every format by name."""
    return cast("dict[str, Format]", registry("mlpack.formats", "FORMAT").entries)


def format_named(name: str) -> Format:
    """The format called ``name``. Raises UsageError naming those there are."""
    formats = all_formats()
    if name not in formats:
        raise UsageError(f"there is no format called {name!r}", hint=f"one of: {', '.join(formats)}")
    return formats[name]
