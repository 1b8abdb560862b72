"""Why a body is refused, in the words of the typed model: every fault, and where it stands."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ..coerce.fields import Field, Layout, member
from ..errors import ContractError, MalformedError, ServiceError

_MOST_FAULTS = 5
_MOST_BYTES = 256 << 10
"""Of a larger body only the first fault is told: a list of all would take seconds and hundreds of megabytes."""
WRAPPED = '{"instances": [ … ]}'
"""What the body of a request is."""
BARE_LIST = f"the body is a bare list: wrap its rows, as {WRAPPED}"
_WHERE = re.compile(r"^(.*?) - at `\$?(.*)`$", re.DOTALL)


def explain(model: type[BaseModel], layout: Layout, body: bytes, otherwise: ServiceError) -> ServiceError:
    """What is wrong with ``body``: 400 where it is no JSON, 422 for a value; ``otherwise`` where ``model`` finds nothing."""
    if len(body) > _MOST_BYTES:
        return otherwise
    try:
        model.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
    except RecursionError:
        return otherwise
    else:
        return otherwise
    if faults[0]["type"] == "json_invalid":
        return MalformedError(f"the body is no JSON: {faults[0]['msg'].removeprefix('Invalid JSON: ')}")
    bare = _bare(faults, layout)
    if bare:
        return ContractError(bare)
    told = [f"{_path(fault['loc'])}: {_words(fault, layout)}".removeprefix(": ") for fault in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        told.append(f"and {len(faults) - _MOST_FAULTS} more")
    return ContractError("; ".join(told))


def _bare(faults: Sequence[Any], layout: Layout) -> str:
    """What to do with a body that is an instance, or a list of them, and has nothing around it; "" for any other."""
    for fault in faults:
        if not fault["loc"] and isinstance(fault["input"], list):
            return BARE_LIST
        if _lacks_instances(fault) and any(name in fault["input"] for name in layout.names):
            return f"the body is a bare instance: wrap it, as {WRAPPED}"
    return ""


def _words(fault: Any, layout: Layout) -> str:
    """Why a value is refused. JSON has no NaN, but many a writer of it has."""
    if _lacks_instances(fault):
        return f"{fault['msg']}, as in {WRAPPED}"
    value = fault["input"]
    if not isinstance(value, float) or not math.isnan(value):
        return str(fault["msg"])
    field = _field_at(layout, fault["loc"][2:])
    if field is not None and field.missing:
        return "NaN is not accepted: send null where the value is missing"
    return "NaN is not accepted, and a value may not be missing here"


def _lacks_instances(fault: Any) -> bool:
    return bool(fault["loc"] == ("instances",) and fault["type"] == "missing")


def _field_at(layout: Layout, places: Sequence[int | str]) -> Field | None:
    """The field of the value at ``places`` in an instance."""
    if len(layout.fields) == 1 and layout.kind in {"values", "tensors"}:
        return layout.fields[0]
    place = places[0] if places else None
    if isinstance(place, int):
        return layout.fields[place] if layout.kind == "lists" and place < len(layout.fields) else None
    return next((field for field in layout.fields if field.name == place), None)


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
