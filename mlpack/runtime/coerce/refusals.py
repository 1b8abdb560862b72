"""The words for a value that a model does not take. This is the slow path: it runs after a check of the whole array failed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .checks import known_values, rounded
from .fields import Field
from .values import UNFIT, flat

_SHOWN = 10
_LONGEST = 40
_MANY_BITS = 128
_NOUNS = {"float": "number", "int": "whole number", "bool": "truth value", "string": "text"}


def refusal(value: Any, field: Field) -> str:
    """Why ``field`` does not take ``value``, a Python value; "" where it does."""
    if value is None:
        return "" if field.missing else "null, and a value may not be missing here"
    try:
        (held,) = flat([value], field.dtype, field.kind, missing=field.missing, typed=False, fill=field.fill).tolist()
    except UNFIT:
        return _unfit(value, field)
    if field.kind == "float":
        held = float(held)
        if math.isnan(held):
            return "" if field.missing else "NaN is no finite number"
        if math.isinf(held):
            return _infinite(value, field)
    if field.closed and held not in _known(field):
        return f"{shown(value)} is none of {_listed(field.categories)}"
    if field.low is not None and held < rounded(field.low, field.dtype):
        return f"{shown(value)} is less than {field.low}"
    if field.high is not None and held > rounded(field.high, field.dtype):
        return f"{shown(value)} is more than {field.high}"
    return ""


def shown(value: Any) -> str:
    """``value`` as JSON has it, cut where it is long."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int) and value.bit_length() > _MANY_BITS:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, (str, int, float, bool)):
        text = json.dumps(value[: _LONGEST + 1] if isinstance(value, str) else value, ensure_ascii=False)
        text = text.encode(errors="backslashreplace").decode()
        return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "an object" if isinstance(value, dict) else f"a value of type {type(value).__name__}"


def _unfit(value: Any, field: Field) -> str:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if field.kind == "int" and whole:
        limits = np.iinfo(field.dtype)
        return f"{shown(value)} is beyond {field.dtype}, which goes from {limits.min} to {limits.max}"
    if field.kind == "float" and (whole or isinstance(value, (float, np.floating))):
        return _infinite(value, field)
    if field.kind == "string" and isinstance(value, str):
        return f"{shown(value)} has half a surrogate pair in it, and is no text"
    return f"{shown(value)} is no {_NOUNS[field.kind]}"


def _infinite(value: Any, field: Field) -> str:
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return f"{shown(float(value))} is no finite number"
    return f"{shown(value)} is beyond {field.dtype}"


def _listed(categories: Sequence[Any]) -> str:
    named = ", ".join(shown(value) for value in categories[:_SHOWN])
    more = len(categories) - _SHOWN
    return f"{named} and {more} more" if more > 0 else named


@lru_cache(maxsize=256)
def _known(field: Field) -> frozenset[Any]:
    return known_values(field)
