"""Annotations for what a model takes, as a typed module writes them, and the definitions that they lean on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from mlpack.runtime.coerce.fields import Bound, Field
from mlpack.runtime.signature import Dim
from mlpack.scaffold.identifiers import type_name
from mlpack.scaffold.python_source import WIDTH, bracketed, literal

MOST_CHOICES = 200
"""A column of more categories stays plain in the types: the service still refuses what is none of them."""

_MOST_EXAMPLES = 5
"""Of the categories of a column that takes others too."""
_PLAIN = {"float": "float", "int": "int", "bool": "bool", "string": "str"}
_FLOATS = {"float16": (16, 10), "bfloat16": (128, 7), "float32": (128, 23)}
"""The exponent of the first power of two beyond the dtype, and the stored bits of its fraction."""
_IMPORTED = ("Any", "Annotated", "BaseModel", "ConfigDict", "Field", "Literal", "OneOf", "Path")


class Types:
    """The definitions of a module, each made when an annotation first needs it.

    ``names`` are those that the module has, ``imports`` those of them that the definitions need.
    """

    def __init__(self, taken: Sequence[str]) -> None:
        self.definitions: list[str] = []
        self.names: set[str] = {*_IMPORTED, *taken}
        self.imports: set[str] = set()
        self._known: dict[str, str] = {}

    def of_field(self, field: Field) -> str:
        """The annotation of one value."""
        plain = self._of_value(field)
        return f"{plain} | None" if field.missing else plain

    def nested(self, element: str, sizes: Sequence[Dim], name: str) -> str:
        """The annotation of nested lists of ``element``: one level for each of ``sizes``, the outermost first."""
        annotation = element
        for depth, size in reversed(list(enumerate(sizes))):
            limits = [f"min_length={size}", f"max_length={size}"] if isinstance(size, int) else ["min_length=1"]
            annotation = self.limited(f"{name} axis {depth + 1}" if depth else name, f"list[{annotation}]", limits)
        return annotation

    def limited(self, name: str, annotation: str, limits: Sequence[str]) -> str:
        """A type called after ``name``: ``annotation`` within ``limits``."""
        self.imports.add("Annotated")
        parts = [annotation, bracketed("Field(", limits, ")", room=WIDTH - 30)]
        return self.defined(name, str(parts), lambda chosen: bracketed(f"{chosen} = Annotated[", parts, "]"))

    def choice(self, name: str, values: Sequence[str | int]) -> str:
        """A type called after ``name`` of nothing but ``values``."""
        self.imports.add("Literal")
        parts = [literal(one) for one in dict.fromkeys(values)]
        return self.defined(name, str(parts), lambda chosen: bracketed(f"{chosen} = Literal[", parts, "]"))

    def reserve(self, name: str) -> str:
        """A type's name after ``name`` that no other has."""
        chosen = type_name(name, self.names)
        self.names.add(chosen)
        return chosen

    def defined(self, name: str, what: str, definition: Callable[[str], str]) -> str:
        """The type that is ``what``: one that is known, or a new one with the ``definition`` of its name."""
        if what not in self._known:
            chosen = self.reserve(name)
            self._known[what] = chosen
            self.definitions.append(definition(chosen))
        return self._known[what]

    def _of_value(self, field: Field) -> str:
        if field.closed and 0 < len(field.categories) <= MOST_CHOICES:
            if field.kind != "string":
                return self._one_of(field)
            return self.choice(field.name, [*map(str, field.categories), *[field.fill] * field.missing])
        low, high = _bounds(field)
        limits = [f"{word}={literal(value)}" for word, value in (("ge", low), ("le", high)) if value is not None]
        known = _known_values(field)[:_MOST_EXAMPLES]
        if known and not field.closed:
            examples = bracketed("examples=[", known, "]", room=WIDTH // 2)
            return self.limited(field.name, _PLAIN[field.kind], [*limits, examples])
        if not limits:
            return _PLAIN[field.kind]
        return self.limited(_title(field), _PLAIN[field.kind], limits)

    def _one_of(self, field: Field) -> str:
        """`typing.Literal` knows no floats, and takes 1.0 and true for 1."""
        self.imports |= {"Annotated", "OneOf"}
        choice = bracketed("OneOf(", [literal(field.dtype), *_known_values(field)], ")", room=WIDTH // 2)
        parts = [_PLAIN[field.kind], choice]
        return self.defined(field.name, str(parts), lambda chosen: bracketed(f"{chosen} = Annotated[", parts, "]"))


def _known_values(field: Field) -> list[str]:
    """The categories within the field's bounds, as values of its kind, in Python."""
    if field.kind == "string":
        return [literal(str(one)) for one in field.categories]
    kind = {"float": float, "int": int, "bool": bool}[field.kind]
    low, high = (-math.inf if field.low is None else field.low), (math.inf if field.high is None else field.high)
    return [literal(one) for one in dict.fromkeys(map(kind, field.categories)) if low <= one <= high]


def _bounds(field: Field) -> tuple[Bound, Bound]:
    """The least and the greatest value that the dtype and the model's own range allow."""
    low, high = _limits(field.dtype) if field.kind in {"float", "int"} else (None, None)
    least = low if field.low is None else field.low if low is None else max(low, field.low)
    most = high if field.high is None else field.high if high is None else min(high, field.high)
    return least, most


def _limits(dtype: str) -> tuple[Bound, Bound]:
    if dtype in _FLOATS:
        exponent, fraction = _FLOATS[dtype]
        beyond = math.ldexp(2.0 - math.ldexp(1.0, -fraction - 1), exponent - 1)
        greatest = math.nextafter(beyond, 0.0)  # the greatest double that is not rounded to infinity
        return -greatest, greatest
    if "float" in dtype:
        return None, None
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def _title(field: Field) -> str:
    """``int64 from 0 to 99``: the dtype, and the range where the model has one of its own."""
    parts = [("from", field.low), ("to", field.high)]
    words = [f"{word} {str(value).replace('-', 'minus ')}" for word, value in parts if value is not None]
    return " ".join([field.dtype, *words])
