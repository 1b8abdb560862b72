"""The shape that a manifest must have before anything is read from it: a bundle may come from anywhere.

`manifest.schema.json` in `mlpack/bundle` says the same for other programs, and more of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXT_OR_NULL = (str, type(None))
_NUMBER = (int, float)
_MOST_BITS = 64
_TENSOR = {"name": str, "dtype": str, "shape": [(int, str)]}

_MANIFEST: Mapping[str, Any] = {
    "name": str,
    "version": str,
    "source": {"file": _TEXT_OR_NULL, "sha256": _TEXT_OR_NULL, "format": str, "framework": str},
    "model": {"file": str, "format": str, "sha256": str},
    "signature": {"inputs": [_TENSOR], "outputs": [_TENSOR]},
    "route": {"frameworks": [str]},
    "parity": {
        "verdict": str,
        "max_abs_error": _NUMBER,
        "label_agreement": (*_NUMBER, type(None)),
        "rows": int,
        "probes": [str],
    },
    "requirements": [str],
    "files": [{"path": str, "sha256": str, "size": int}],
}
_SCALAR = (str, *_NUMBER, bool)
_LISTS_BY_NAME: Mapping[str, tuple[type, ...]] = {
    "columns": _SCALAR,
    "categories": _SCALAR,
    "classes": _SCALAR,
    "ranges": _NUMBER,
}
_NAMES = ("missing", "closed")


def misfit(document: Any) -> str:
    """Where ``document`` has not the shape of a manifest: ``"parity.rows is no int"``; empty where it has."""
    found = _misfit(document, _MANIFEST, "the manifest")
    if found:
        return found
    return _first(
        _misfit_by_name(document["signature"], part, kinds) for part, kinds in _LISTS_BY_NAME.items()
    ) or _first(
        (
            *(_misfit(document["signature"].get(part, []), [str], f"signature.{part}") for part in _NAMES),
            _misfit_fill(document["signature"].get("fill", {})),
        )
    )


def _misfit_fill(fill: Any) -> str:
    if not isinstance(fill, dict):
        return "signature.fill is no object"
    return _first(_misfit(text, str, f"signature.fill.{name}") for name, text in fill.items())


def _misfit_by_name(signature: Mapping[str, Any], part: str, kinds: tuple[type, ...]) -> str:
    named = signature.get(part, {})
    if not isinstance(named, dict):
        return f"signature.{part} is no object"
    for name, values in named.items():
        found = _misfit(values, [kinds], f"signature.{part}.{name}")
        if not found and part == "ranges" and len(values) != len(("low", "high")):
            found = f"signature.{part}.{name} is no pair"
        if found:
            return found
    return ""


def _misfit(value: Any, shape: Any, where: str) -> str:
    """``shape`` is a type, a tuple of them, a list with the shape of every item, or the shapes of the parts by name."""
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return f"{where} is no object"
        prefix = "" if where == "the manifest" else f"{where}."
        missing = next((f"{prefix}{name} is missing" for name in shape if name not in value), "")
        return missing or _first(_misfit(value[name], part, f"{prefix}{name}") for name, part in shape.items())
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{where} is no list"
        return _first(_misfit(item, shape[0], f"{where}[{index}]") for index, item in enumerate(value))
    kinds = shape if isinstance(shape, tuple) else (shape,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return f"{where} is no {' or '.join(kind.__name__ for kind in kinds if kind is not type(None))}"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"{where} is too large a number"
    return ""


def _first(found: Any) -> str:
    return next((text for text in found if text), "")
