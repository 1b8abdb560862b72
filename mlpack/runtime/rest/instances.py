"""The body of ``POST /predict``, decoded straight into the Python types that the model's rows have."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple
from pydantic import BaseModel

from ..coerce.fields import Field, Kind, Layout
from ..coerce.rows import Rows
from ..errors import ContractError, MalformedError, ServiceError, TooLargeError
from ..session import Feed
from .explain import BARE_LIST, check_keys, explain, fault_of

_TYPES: dict[Kind, Any] = {"float": float, "int": int, "bool": bool, "string": str}
_OPENS = {"records": b"{", "lists": b"[", "values": b",", "tensors": b"["}
_AT = re.compile(r"\(byte (\d+)\)")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are no JSON, or not of the types that are wanted."""


class Instances:
    """Reads the rows of a request. ``model`` is the typed form of it, which has the words for what is refused."""

    def __init__(self, rows: Rows, model: type[BaseModel], most: int) -> None:
        layout = rows.layout
        self._layout = layout
        self._model = model
        self._most = most
        self._decode = _decoder(layout)
        self._keys = len(layout.names) if _is_object(layout) else 0
        self._feed = _feeding(rows)

    def read(self, body: bytes) -> tuple[Feed, int]:
        """The feed that ``body`` asks for, and its rows.

        Raises MalformedError, TooLargeError, and ContractError with every fault that there is.
        """
        try:
            instances = self._decode(body).instances
        except UNREADABLE as error:
            raise explain(self._model, self._layout, body, _unreadable(error, body)) from error
        count = len(instances)
        if count > self._most:
            raise TooLargeError(f"{count} instances, and one request may have {self._most}")
        if body.count(b":") != 1 + count * self._keys:
            check_keys(body)  # or a text has a colon in it
        try:
            return self._feed(instances), count
        except ContractError as error:
            raise explain(self._model, self._layout, body, error) from error


def _unreadable(error: Exception, body: bytes) -> ServiceError:
    if isinstance(error, msgspec.ValidationError):
        return ContractError(BARE_LIST if body.lstrip()[:1] == b"[" else fault_of(error))
    at = _AT.search(str(error))
    if at is not None and body.startswith(b"NaN", int(at[1])):
        return ContractError(f"NaN is not accepted, and stands at byte {at[1]}: send null where a value may be missing")
    return MalformedError(f"the body is no JSON: {error}")


def _is_object(layout: Layout) -> bool:
    return layout.kind == "records" or (layout.kind == "tensors" and len(layout.inputs) > 1)


def _decoder(layout: Layout) -> Callable[[bytes], Any]:
    body = msgspec.defstruct("Request", [("instances", list[_row_type(layout)])], forbid_unknown_fields=True, gc=False)  # type: ignore[misc]
    return msgspec.json.Decoder(body).decode


def _is_dictionary(layout: Layout) -> bool:
    """Whether instances are objects with a key that msgspec has no structs for: one with a quote, a backslash, a control."""
    return _is_object(layout) and any(sign in '"\\' or sign < " " for name in layout.names for sign in name)


def _row_type(layout: Layout) -> Any:
    if _is_dictionary(layout):
        return dict[str, Any]
    if layout.kind == "values":
        return _value_type(layout.fields[0])
    if layout.kind == "lists":
        return tuple[tuple(_value_type(field) for field in layout.fields)]  # type: ignore[misc]
    if layout.kind == "tensors":
        nested = [
            _nested_type(field, len(spec.shape) - (spec.batch_axis is not None))
            for field, spec in zip(layout.fields, layout.inputs, strict=True)
        ]
        return nested[0] if len(nested) == 1 else _struct(layout, nested)
    return _struct(layout, [_value_type(field) for field in layout.fields])


def _struct(layout: Layout, types: Sequence[Any]) -> Any:
    """A struct whose keys are the fields' names, whatever is in them."""
    attributes = [f"value_{place}" for place in range(len(types))]
    return msgspec.defstruct(
        "Instance",
        list(zip(attributes, types, strict=True)),
        rename=dict(zip(attributes, layout.names, strict=True)),
        forbid_unknown_fields=True,
        gc=False,
    )


def _value_type(field: Field) -> Any:
    plain = _TYPES[field.kind]
    return plain | None if field.missing else plain


def _nested_type(field: Field, depth: int) -> Any:
    return _value_type(field) if depth == 0 else list[_nested_type(field, depth - 1)]  # type: ignore[misc]


def _feeding(rows: Rows) -> Callable[[Any], Feed]:
    """How decoded instances become a feed: JSON has no NaN, so their numbers are finite."""
    layout = rows.layout
    if _is_dictionary(layout):
        return lambda instances: rows.feed_of_instances(instances, finite=True)
    if layout.kind == "records":
        return lambda instances: rows.feed_of_tuples([astuple(row) for row in instances], typed=True, finite=True)
    if layout.kind == "lists":
        return lambda instances: rows.feed_of_tuples(instances, typed=True, finite=True)
    if layout.kind == "tensors" and len(layout.inputs) > 1:
        names = layout.names
        return lambda instances: rows.feed_of_instances(
            [dict(zip(names, astuple(row), strict=True)) for row in instances], typed=True, finite=True
        )
    return lambda instances: rows.feed_of_instances(instances, typed=True, finite=True)
