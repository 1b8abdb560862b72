"""The model's own service: messages whose fields are its columns, and predictions with labels and probabilities by class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from ..coerce.answers import Answer
from ..coerce.tensors import Tensors, tensor_of_values
from ..errors import ContractError, MalformedError, TooLargeError
from ..service.service import Service
from ..session import Array, Feed, Outputs, rows_in
from ..signature import TensorSpec
from .calls import parsed
from .outline import REQUEST, RESPONSE, Outline


class Typed:
    """`Predict`: the dialect of the messages in ``messages``, which is the compiled ``.proto`` of ``outline``."""

    def __init__(self, service: Service, messages: Any, outline: Outline) -> None:
        self._service = service
        self._outline = outline
        self._request = getattr(messages, REQUEST)
        self._response = getattr(messages, RESPONSE)
        self._row = _row_reader(outline)
        self._tensors = Tensors(service.signature)
        self._columns = [
            (member.name, answer, spec)
            for member, answer, spec in zip(outline.prediction, outline.answers, service.signature.outputs, strict=True)
        ]
        self._tensor = {
            member.name: getattr(messages, member.type) for member in outline.prediction if member.is_tensor
        }

    def read(self, raw: bytes) -> tuple[Feed, int, None]:
        """The feed in a request. Raises MalformedError, ContractError, TooLargeError."""
        request = parsed(self._request, raw)
        _refuse_unknown(request, self._request, raw)
        if self._outline.layout.kind == "tensors":
            feed = self._tensors.feed(self._tensors_in(request))
            rows = rows_in(feed, self._service.signature.inputs)
            self._check_rows(rows)
            return feed, rows, None
        instances = request.instances
        rows = len(instances)
        self._check_rows(rows)
        return self._feed(instances), rows, None

    def write(self, outputs: Outputs, rows: int, asked: None) -> bytes:
        """The response: a prediction a row."""
        del asked
        response = self._response()
        names = [name for name, *_ in self._columns]
        columns = [self._values(outputs, *column, rows) for column in self._columns]
        add = response.predictions.add
        for values in zip(*columns, strict=True):
            add(**dict(zip(names, values, strict=True)))
        raw: bytes = response.SerializeToString()
        return raw

    def _check_rows(self, rows: int) -> None:
        most = self._service.settings.max_rows
        if rows > most:
            raise TooLargeError(f"{rows} instances, and a request may have {most}")

    def _feed(self, instances: Any) -> Feed:
        rows = self._service.rows
        if self._row is None:
            return rows.feed_of_instances(instances[:], typed=True)
        row = self._row
        return rows.feed_of_tuples([row(instance, place) for place, instance in enumerate(instances)], typed=True)

    def _tensors_in(self, request: Any) -> Mapping[str, Array]:
        found: dict[str, Array] = {}
        for member, spec in zip(self._outline.request, self._outline.layout.inputs, strict=True):
            if not request.HasField(member.name):
                raise ContractError(f"the input {spec.name!r} is missing")
            tensor = getattr(request, member.name)
            found[spec.name] = tensor_of_values(tensor.values[:], spec.dtype, tensor.shape[:], spec.name, typed=True)
        return found

    def _values(self, outputs: Outputs, name: str, answer: Answer, spec: TensorSpec, rows: int) -> Iterable[Any]:
        """The values of one field, a row after the other, as its message takes them."""
        array = _by_row(outputs[answer.name], spec, rows)
        if answer.keys:
            return map(dict, map(zip, repeat(answer.keys), array.tolist()))
        message, shape = self._tensor.get(name), array.shape[1:]
        if message is None:
            return list(array.tolist())
        return (message(shape=shape, values=values) for values in array.reshape(rows, -1).tolist())


def _row_reader(outline: Outline) -> Callable[[Any, int], Sequence[Any]] | None:
    """What takes the values out of an instance; None where instances are values."""
    if outline.layout.kind == "lists":
        return lambda instance, _: instance.values[:]
    if outline.layout.kind != "records":
        return None
    fields = outline.layout.fields
    width = len(fields)

    def row(instance: Any, place: int) -> Sequence[Any]:
        present = instance.ListFields()  # in the order of their numbers
        if len(present) == width:
            return [value for _, value in present]
        given = {descriptor.name: value for descriptor, value in present}
        for member, field in zip(outline.instance, fields, strict=True):
            if member.name not in given and not field.missing:
                raise ContractError(f"the field {field.name!r} is missing", f"instances[{place}]")
        return [given.get(member.name) for member in outline.instance]

    return row


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
