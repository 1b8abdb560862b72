"""Why a body is refused, in the words of the typed model: every fault, and where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ..coerce.fields import member
from ..errors import ContractError, MalformedError, ServiceError

_MOST_FAULTS = 5
_MOST_BYTES = 256 << 10
"""Of a larger body only the first fault is told: a list of all would take seconds and hundreds of megabytes."""
_WHERE = re.compile(r"^(.*?) - at `\$?(.*)`$", re.DOTALL)


def explain(model: type[BaseModel], body: bytes, otherwise: ServiceError) -> ServiceError:
    """What is wrong with ``body``: 400 where it is no JSON, 422 for a value; ``otherwise`` where ``model`` finds nothing."""
    if len(body) > _MOST_BYTES:
        return otherwise
    try:
        model.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
    except RecursionError:
        return otherwise
    else:
        return otherwise
    if faults[0]["type"] == "json_invalid":
        return MalformedError(f"the body is no JSON: {faults[0]['msg'].removeprefix('Invalid JSON: ')}")
    told = [f"{_path(fault['loc'])}: {fault['msg']}".removeprefix(": ") for fault in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        told.append(f"and {len(faults) - _MOST_FAULTS} more")
    return ContractError("; ".join(told))


def fault_of(error: Exception) -> str:
    """A fault that msgspec found, in the form of the others."""
    found = _WHERE.match(str(error))
    if found is None:
        return str(error)
    return f"{found[2].removeprefix('.')}: {found[1]}".removeprefix(": ")


def _path(places: Sequence[Any]) -> str:
    parts = [f"[{place}]" if isinstance(place, int) else member(place) for place in places]
    return "".join(parts).removeprefix(".")


def check_keys(body: bytes) -> None:
    """Refuse an object that has a key twice: which of the values counts is for nobody to guess. Raises MalformedError."""
    json.loads(body, object_pairs_hook=_once, parse_int=_no_value, parse_float=_no_value, parse_constant=_no_value)


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen = {name for name, _ in pairs}
    if len(seen) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedError(f"the key {twice!r} occurs twice in one object")


def _no_value(_text: str) -> None:
    """What a number is worth here: to read one of thousands of digits takes long."""
