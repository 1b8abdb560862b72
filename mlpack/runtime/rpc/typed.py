"""The model's own service: messages whose fields are its columns, and predictions with labels and probabilities by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from ..coerce.answers import Answer
from ..coerce.checks import Checks
from ..coerce.tensors import Tensors, tensor_of_values
from ..errors import ContractError, MalformedError, TooLargeError
from ..service.service import Service
from ..session import Array, Feed, Outputs, rows_in
from ..signature import TensorSpec
from .calls import parsed
from .extent import has_more_fields
from .grid import Grid
from .outline import MAP, REQUEST, RESPONSE, Member, Outline

Put = Callable[[Any, Any], None]
"""Puts the value of one output into a prediction."""


class Typed:
    """`Predict`: the dialect of the messages in ``messages``, which is the compiled ``.proto`` of ``outline``."""

    def __init__(self, service: Service, messages: Any, outline: Outline) -> None:
        self._rows = service.rows
        self._most = service.settings.max_rows
        self._outline = outline
        self._request = getattr(messages, REQUEST)
        self._response = getattr(messages, RESPONSE)
        self._row = _row_reader(outline)
        self._grid, self._checks = _grid(outline), Checks(outline.layout.fields)
        self._tensors = Tensors(service.signature)
        self._columns = [
            (_put(member, answer), answer, spec)
            for member, answer, spec in zip(outline.prediction, outline.answers, service.signature.outputs, strict=True)
        ]

    def read(self, raw: bytes) -> tuple[Feed, int, None]:
        """The feed in a request. Raises MalformedError, ContractError, TooLargeError."""
        matrix = None if self._grid is None else self._grid.read(raw)
        if matrix is not None:
            self._check_rows(len(matrix))
            return self._feed_of_matrix(matrix), len(matrix), None
        if has_more_fields(raw, self._most):
            raise TooLargeError(f"more than {self._most} instances, and a request may have no more")
        request = parsed(self._request, raw)
        _refuse_unknown(request, self._request, raw)
        if self._outline.layout.kind == "tensors":
            feed = self._tensors.feed(self._tensors_in(request))
            rows = rows_in(feed, self._outline.layout.inputs)
            self._check_rows(rows)
            return feed, rows, None
        instances = request.instances
        self._check_rows(len(instances))
        return self._feed(instances), len(instances), None

    def write(self, outputs: Outputs, rows: int, asked: None) -> bytes:
        """The response: a prediction a row."""
        del asked
        response = self._response()
        predictions = [response.predictions.add() for _ in range(rows)]
        for put, answer, spec in self._columns:
            array = _by_row(outputs[answer.name], spec, rows)
            for prediction, value in zip(predictions, array if array.ndim > 2 else array.tolist(), strict=True):
                put(prediction, value)
        raw: bytes = response.SerializeToString()
        return raw

    def _check_rows(self, rows: int) -> None:
        if rows > self._most:
            raise TooLargeError(f"{rows} instances, and a request may have {self._most}")

    def _feed_of_matrix(self, matrix: Array) -> Feed:
        spec = self._outline.layout.inputs[0]
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
            array = matrix.astype(spec.dtype)
        if self._checks.hold(array):
            return {spec.name: array}
        return self._rows.feed_of_tuples(matrix.tolist(), typed=True)

    def _feed(self, instances: Any) -> Feed:
        if self._row is None:
            return self._rows.feed_of_instances(instances[:], typed=True)
        row = self._row
        tuples = [row(instance, place) for place, instance in enumerate(instances)]
        return self._rows.feed_of_tuples(tuples, typed=True)

    def _tensors_in(self, request: Any) -> Mapping[str, Array]:
        found: dict[str, Array] = {}
        for member, spec in zip(self._outline.request, self._outline.layout.inputs, strict=True):
            if not request.HasField(member.name):
                raise ContractError(f"the input {spec.name!r} is missing")
            tensor = getattr(request, member.name)
            found[spec.name] = tensor_of_values(tensor.values[:], spec.dtype, tensor.shape[:], spec.name, typed=True)
        return found


def _grid(outline: Outline) -> Grid | None:
    """What reads requests of numbers alone; None where there are others, or several inputs that they go into."""
    numbers = all(member.type == "double" for member in outline.instance)
    layout = outline.layout
    if not outline.instance or not numbers or len(layout.inputs) != 1 or layout.inputs[0].dtype == "bfloat16":
        return None
    return Grid(outline.request[0], outline.instance, len(layout.fields))


def _row_reader(outline: Outline) -> Callable[[Any, int], Sequence[Any]] | None:
    """What takes the values out of an instance; None where instances are values."""
    if outline.layout.kind == "lists":
        return lambda instance, _: instance.values[:]
    if outline.layout.kind != "records":
        return None
    members, fields = outline.instance, outline.layout.fields
    take = attrgetter(*[member.name for member in members]) if len(members) > 1 else _only(members[0].name)

    def row(instance: Any, place: int) -> Sequence[Any]:
        values: Sequence[Any] = take(instance)
        if all(values):
            return values
        found = list(values)  # a value that is zero or empty may be absent
        for index, value in enumerate(values):
            if value or instance.HasField(members[index].name):
                continue
            if not fields[index].missing:
                raise ContractError(f"the field {fields[index].name!r} is missing", f"instances[{place}]")
            found[index] = None
        return found

    return row


def _only(name: str) -> Callable[[Any], tuple[Any]]:
    return lambda instance: (getattr(instance, name),)


def _put(member: Member, answer: Answer) -> Put:
    """What puts a row of an output into the field ``member`` of a prediction."""
    name = member.name
    if member.type == MAP:
        return lambda prediction, values: _put_map(getattr(prediction, name), answer.keys, values)
    if member.is_tensor:
        return lambda prediction, values: _put_tensor(getattr(prediction, name), values)
    if member.rule == "repeated":
        return lambda prediction, values: getattr(prediction, name).extend(values)
    return lambda prediction, value: setattr(prediction, name, value)


def _put_map(entries: Any, keys: Sequence[str], values: Iterable[float]) -> None:
    for key, value in zip(keys, values, strict=True):  # to be given a dict takes protobuf five times as long
        entries[key] = value


def _put_tensor(tensor: Any, values: Array) -> None:
    tensor.shape.extend(values.shape)
    tensor.values.extend(values.ravel().tolist())


def _by_row(array: Array, spec: TensorSpec, rows: int) -> Array:
    """An output with its rows first, in numbers that Python has; some graphs answer [batch, 1] where they declare [batch]."""
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if spec.batch_axis is None:
        return np.broadcast_to(array, (rows, *array.shape))
    if spec.batch_axis and spec.batch_axis < array.ndim:
        array = np.moveaxis(array, spec.batch_axis, 0)
    if array.ndim != len(spec.shape) and array.size == rows:
        array = array.reshape((rows, *(1 for _ in spec.shape[1:])))
    return array


def _refuse_unknown(request: Any, kind: Any, raw: bytes) -> None:
    """Refuse fields that the messages do not have: they are meant for another model, and would be lost in silence."""
    request.DiscardUnknownFields()
    if request.ByteSize() == len(raw):
        return
    whole = kind.FromString(raw)  # it is shorter for the fields it lost, or was written in an unusual way
    if request.ByteSize() != whole.ByteSize():
        raise MalformedError(
            f"there are fields that {kind.DESCRIPTOR.full_name} does not have: was it made for this model?"
        )
