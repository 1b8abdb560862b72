"""Names that a ``.proto`` can have, made from names that models have: the same ones when it is written and when it is served.

https://protobuf.dev/programming-guides/style/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_MOST = 60
_TAKEN = frozenset(
    [
        "and",
        "as",
        "assert",
        "async",
        "await",
        "break",
        "class",
        "continue",
        "def",
        "del",
        "elif",
        "else",
        "except",
        "finally",
        "for",
        "from",
        "global",
        "if",
        "import",
        "in",
        "is",
        "lambda",
        "nonlocal",
        "not",
        "or",
        "pass",
        "raise",
        "return",
        "try",
        "while",
        "with",
        "yield",
        "self",
        "str",
        "int",
        "float",
        "bool",
        "bytes",
    ]
)
"""Words of Python, and names that the stubs of a message use themselves: such a field would be awkward to write."""


def snake_case(name: str, otherwise: str = "field") -> str:
    """``name`` as a proto3 field or package is called: ``sepal length (cm)`` becomes ``sepal_length_cm``.

    ``otherwise`` is for what has no letter or digit in it, and goes before what starts with a digit.
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = "_".join(_words(plain)) or otherwise
    words = f"{otherwise}_{words}" if words[0].isdigit() else words
    words = words[:_MOST].rstrip("_")
    return f"{words}_" if words in _TAKEN else words


def camel_case(name: str, otherwise: str = "Model") -> str:
    """``name`` as a proto3 message or service is called: ``breast-cancer`` becomes ``BreastCancer``."""
    return "".join(word.capitalize() for word in snake_case(name, otherwise.lower()).split("_")) or otherwise


def field_names(names: Iterable[str]) -> tuple[str, ...]:
    """A field name for each of ``names``, in order. Two that would be one, in proto or in JSON, are told apart by a number."""
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        plain = candidate = snake_case(name)
        number = 1
        while json_name(candidate) in taken:
            number += 1
            candidate = f"{plain.rstrip('_')}_{number}"
        taken.add(json_name(candidate))
        found.append(candidate)
    return tuple(found)


def json_name(field_name: str) -> str:
    """What protoc calls the field in JSON unless told otherwise: ``sepal_length_cm`` becomes ``sepalLengthCm``."""
    return re.sub(r"_+(.?)", lambda match: match[1].upper(), field_name)


def json_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names of fields in JSON: their own in ``names``, where a ``.proto`` can have them, else those of `field_names`."""
    plain = field_names(names)
    own = [name if _is_legal(name) else "" for name in names]
    taken = set(own)
    if len([name for name in own if name]) != len(taken - {""}):
        return tuple(json_name(name) for name in plain)
    chosen: list[str] = []
    for name, field_name in zip(own, plain, strict=True):
        candidate = name or json_name(field_name)
        while not name and candidate in taken:
            candidate += "_"
        taken.add(candidate)
        chosen.append(candidate)
    return tuple(chosen)


def _words(plain: str) -> list[str]:
    """Words in lower case; a digit stays with the letters before it (``x0``, ``pixel_0_7``)."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", plain) if part]
    return [re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", part).lower() for part in parts]


def _is_legal(name: str) -> bool:
    """Whether protoc takes ``name`` as a json_name: it is Unicode without control characters and not in brackets."""
    return bool(name) and name[0] != "[" and not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in name)
