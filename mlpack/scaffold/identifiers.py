"""Names of Python for names of columns, classes and tensors, which may be anything."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Iterable

from mlpack.runtime.coerce.names import camel_case, snake_case

LONGEST = 60
_LONGEST_TYPE = 32
_OF_MODELS = frozenset(
    {
        *("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw"),
        *("schema", "schema_json", "update_forward_refs", "validate"),
    }
)
"""Attributes of every Pydantic model, beside those that begin with ``model_``."""
_OF_ANNOTATIONS = frozenset({"bool", "dict", "float", "int", "list", "str", "tuple"})
"""A field of such a name would take its place in the annotations of the fields below."""


def field_names(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """An identifier for each of ``names``, its own wherever a field may have it; no two are the same.

    None is in ``taken``: what the annotations refer to.
    """
    wanted = list(names)
    used = set(taken)
    own = {name for name in wanted if is_field_name(name) and name not in used}
    found: list[str] = []
    for name in wanted:
        chosen = name if name in own else _free(_near(name), used | own)
        own.discard(name)
        used.add(chosen)
        found.append(chosen)
    return found


def type_name(name: str, taken: Iterable[str]) -> str:
    """A name in CamelCase that resembles ``name`` and is none of ``taken``."""
    return _free(camel_case(name, "Field")[:_LONGEST_TYPE], {"None", "True", "False", *taken})


def is_field_name(name: str) -> bool:
    """Whether a field of a Pydantic model can be called ``name`` as it stands."""
    return (
        len(name) <= LONGEST
        and name.isidentifier()
        and unicodedata.normalize("NFKC", name) == name
        and not keyword.iskeyword(name)
        and not name.startswith(("_", "model_"))
        and name not in _OF_MODELS | _OF_ANNOTATIONS
    )


def _near(name: str) -> str:
    plain = snake_case(name)
    return plain if is_field_name(plain) else f"field_{plain}".rstrip("_")


def _free(name: str, used: set[str]) -> str:
    if name not in used:
        return name
    return next(numbered for number in range(2, len(used) + 3) if (numbered := f"{name}_{number}") not in used)
