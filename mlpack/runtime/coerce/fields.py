"""The fields that a row is made of, as clients write them: which input each feeds, and which values it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..signature import Scalar, Signature, TensorSpec

Kind = Literal["float", "int", "bool", "string"]
Bound = int | float | None


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a row.

    ``spec_name`` is the input that it feeds and ``position`` its column there; None where it feeds the whole input. Where
    ``closed``, it takes its ``categories`` and nothing else. ``low`` and ``high`` are included; None is no bound. ``fill`` is
    what a text is read as that is ``missing``.
    """

    name: str
    spec_name: str
    position: int | None
    kind: Kind
    dtype: str
    categories: tuple[Scalar, ...] = ()
    closed: bool = False
    missing: bool = False
    low: Bound = None
    high: Bound = None
    fill: str = ""


@dataclass(frozen=True)
class Layout:
    """How a row is written.

    ``records``: an object with the columns' names. ``lists``: a list with a value a column. ``values``: one value.
    ``tensors``: a nested list, or an object with one for each of several ``inputs``. ``fields`` has a field a column;
    of ``tensors``, a field an input, for all of its values.
    """

    kind: Literal["records", "lists", "values", "tensors"]
    fields: tuple[Field, ...]
    inputs: tuple[TensorSpec, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, in order; of ``tensors``, of the inputs."""
        return tuple(field.name for field in self.fields)

    def place(self, where: str, row: int, field: Field) -> str:
        """Where a value stands, as the client wrote it: ``instances[3].age``, ``instances[3][0]``, ``instances[3]``."""
        if self.kind == "values" or (self.kind == "tensors" and len(self.inputs) == 1):
            return f"{where}[{row}]"
        if self.kind == "lists":
            return f"{where}[{row}][{field.position or 0}]"
        return f"{where}[{row}]{member(field.name)}"


def member(name: str) -> str:
    """How a path goes on into a member of an object: ``.age``, ``["sepal length (cm)"]``."""
    return f".{name}" if name.isidentifier() else f"[{_quoted(name)}]"


def layout_of(signature: Signature) -> Layout:
    """The layout of the rows that a model with ``signature`` takes."""
    inputs = signature.inputs
    if len(inputs) == 1 and inputs[0].shape == ("batch",):
        return Layout("values", fields_of(inputs[0], signature), inputs)
    fields = tuple(field for spec in inputs for field in fields_of(spec, signature))
    if inputs and all(_is_rows(spec) for spec in inputs):
        distinct = len({field.name for field in fields}) == len(fields)
        if distinct and all(_is_named(spec, signature, alone=len(inputs) == 1) for spec in inputs):
            return Layout("records", fields, inputs)
        if len(inputs) == 1:
            return Layout("lists", fields, inputs)
    return Layout("tensors", tuple(whole(spec, signature) for spec in inputs), inputs)


def fields_of(spec: TensorSpec, signature: Signature) -> tuple[Field, ...]:
    """The fields that feed ``spec``: one a column, or a single one for an input that has none of a known number."""
    width = _width(spec)
    if width is None or (width == 1 and not signature.has_names(spec)):
        return (whole(spec, signature),)
    names = signature.columns.get(spec.name, ())
    if len(names) != width:
        return tuple(_field(spec, signature, f"x{place}", (spec.name,), place) for place in range(width))
    owned = () if signature.has_names(spec) else (spec.name,)
    return tuple(_field(spec, signature, name, (name, *owned), place) for place, name in enumerate(names))


def whole(spec: TensorSpec, signature: Signature) -> Field:
    """The field for all values of ``spec``; what is said of its only column is said of it."""
    columns = signature.columns.get(spec.name, ())
    return _field(spec, signature, spec.name, (spec.name, *(columns if len(columns) == 1 else ())), None)


def kind_of(dtype: str) -> Kind:
    """What a value of ``dtype`` is to the one who writes it."""
    if dtype == "string":
        return "string"
    if dtype == "bool":
        return "bool"
    return "float" if "float" in dtype else "int"


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """The NumPy dtype of ``dtype``; strings are objects. Raises ImportError for bfloat16 without ml_dtypes."""
    if dtype == "bfloat16":
        import ml_dtypes

        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(object if dtype == "string" else dtype)


def _is_rows(spec: TensorSpec) -> bool:
    return spec.shape == ("batch",) or _width(spec) is not None


def _width(spec: TensorSpec) -> int | None:
    """The number of columns of ``[batch, n]``; None for every other shape."""
    if len(spec.shape) == 2 and spec.shape[0] == "batch" and isinstance(spec.shape[1], int):
        return spec.shape[1]
    return None


def _is_named(spec: TensorSpec, signature: Signature, *, alone: bool) -> bool:
    """Whether each column has a name to write: its own, or that of an input which is one column among several inputs."""
    names = signature.columns.get(spec.name, ())
    if _width(spec) == len(names) and signature.has_names(spec):
        return True
    return not alone and _width(spec) in {None, 1}


def _field(spec: TensorSpec, signature: Signature, name: str, keys: tuple[str, ...], position: int | None) -> Field:
    kind = kind_of(spec.dtype)
    categories = next((signature.categories[key] for key in keys if key in signature.categories), ())
    ranges = signature.ranges if kind in {"float", "int"} else {}
    low, high = next((ranges[key] for key in keys if key in ranges), (-math.inf, math.inf))
    fill = next((signature.fill[key] for key in keys if key in signature.fill), None) if kind == "string" else None
    missing = kind in {"float", "string"} and any(key in signature.missing for key in keys)
    return Field(
        name,
        spec.name,
        position,
        kind,
        spec.dtype,
        categories,
        closed=bool(categories) and any(key in signature.closed for key in keys),
        missing=missing or fill is not None,
        low=_bound(math.ceil(low) if kind == "int" and math.isfinite(low) else low),
        high=_bound(math.floor(high) if kind == "int" and math.isfinite(high) else high),
        fill=fill or "",
    )


def _bound(value: float) -> Bound:
    return value if math.isfinite(value) else None


def _quoted(name: str) -> str:
    import json

    return json.dumps(name, ensure_ascii=False)
