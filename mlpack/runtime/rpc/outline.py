"""The messages of a model's own service: which there are, and the name, number and type of each field.

The ``.proto`` is rendered from this, and the messages that come of it are read and written by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..coerce.answers import Answer, Answers
from ..coerce.fields import Field, Layout, layout_of
from ..coerce.names import camel_case, field_names, json_names, snake_case
from ..signature import Signature, TensorSpec

METHOD = "Predict"
REQUEST = "PredictRequest"
RESPONSE = "PredictResponse"
INSTANCE = "Instance"
PREDICTION = "Prediction"
MAP = "map<string, double>"

_MESSAGES = frozenset({REQUEST, RESPONSE, INSTANCE, PREDICTION})
_RESERVED = range(19_000, 20_000)
"""Numbers that protobuf keeps for itself: https://protobuf.dev/programming-guides/proto3/#assigning"""
_EXACT = {
    "bool": "bool",
    "int8": "int32",
    "int16": "int32",
    "int32": "int32",
    "int64": "int64",
    "uint8": "uint32",
    "uint16": "uint32",
    "uint32": "uint32",
    "uint64": "uint64",
    "float16": "float",
    "bfloat16": "float",
    "float32": "float",
    "float64": "double",
    "string": "string",
}
_WIDE = {"float": "double", "int": "int64", "bool": "bool", "string": "string"}


@dataclass(frozen=True)
class Member:
    """A field of a message.

    ``own`` is the name that the model has for it, and its name in JSON is ``json`` where that is not empty. ``rule`` is
    ``optional``, ``repeated`` or empty.
    """

    name: str
    number: int
    type: str
    rule: str = ""
    own: str = ""
    json: str = ""

    @property
    def is_tensor(self) -> bool:
        """Whether it is a message with a shape and values."""
        return self.type.endswith("Tensor")


@dataclass(frozen=True)
class Outline:
    """The messages of one service.

    ``instance`` are the fields of an instance, empty where instances are values (``values``) or where the ``request`` holds
    whole tensors. ``tensors`` are the types of values of the tensor messages that the others use.
    """

    package: str
    service: str
    layout: Layout
    answers: tuple[Answer, ...]
    request: tuple[Member, ...]
    instance: tuple[Member, ...]
    prediction: tuple[Member, ...]
    tensors: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The service as a channel calls it: ``mlpack.iris.Iris``."""
        return f"{self.package}.{self.service}"


def outline_of(signature: Signature, name: str) -> Outline:
    """The messages for a model called ``name`` with ``signature``; the same whenever and wherever they are asked for."""
    layout = layout_of(signature)
    answers = Answers(signature).outputs
    service = camel_case(name)
    prediction = _prediction(answers, signature.outputs)
    request, instance = _question(layout)
    types = [member.type for member in (*request, *prediction) if member.is_tensor]
    taken = service in _MESSAGES or service.endswith("Tensor")
    return Outline(
        package=f"mlpack.{snake_case(name, 'model')}",
        service=f"{service}Service" if taken else service,
        layout=layout,
        answers=answers,
        request=request,
        instance=instance,
        prediction=prediction,
        tensors=tuple(value for value in dict.fromkeys(_EXACT.values()) if tensor_message(value) in types),
    )


def tensor_message(value: str) -> str:
    """The message for tensors of the type ``value``."""
    return f"{value.capitalize()}Tensor"


def _question(layout: Layout) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
    """The fields of the request, and those of an instance."""
    instances = Member("instances", 1, INSTANCE, "repeated")
    if layout.kind == "records":
        columns = [Member("", 0, _wide(field), "optional", field.name) for field in layout.fields]
        return (instances,), _named(columns)
    if layout.kind == "lists":
        return (instances,), (Member("values", 1, _wide(layout.fields[0]), "repeated"),)
    if layout.kind == "values":
        return (replace(instances, type=_wide(layout.fields[0]), own=layout.fields[0].name),), ()
    return _named([Member("", 0, tensor_message(_EXACT[spec.dtype]), "", spec.name) for spec in layout.inputs]), ()


def _prediction(answers: Iterable[Answer], specs: Iterable[TensorSpec]) -> tuple[Member, ...]:
    return _named([_answered(answer, spec) for answer, spec in zip(answers, specs, strict=True)])


def _answered(answer: Answer, spec: TensorSpec) -> Member:
    """The field of one row of an output."""
    value = _EXACT[spec.dtype]
    axes = len(spec.shape) - (spec.batch_axis is not None)
    if answer.keys:
        return Member("", 0, MAP, "", answer.name)
    if axes > 1:
        return Member("", 0, tensor_message(value), "", answer.name)
    # A field without presence would not be told where it is 0, false or "": a label among them.
    return Member("", 0, value, "repeated" if axes else "optional", answer.name)


def _named(members: list[Member]) -> tuple[Member, ...]:
    """``members`` with names of their own, and numbers in their order."""
    own = [member.own for member in members]
    named = zip(members, field_names(own), json_names(own), strict=True)
    return tuple(
        replace(member, name=name, json=json, number=_number(place)) for place, (member, name, json) in enumerate(named)
    )


def _number(place: int) -> int:
    number = place + 1
    return number if number < _RESERVED.start else number + len(_RESERVED)


def _wide(field: Field) -> str:
    """The type of a column: wide enough that a value out of its dtype's range arrives, and can be refused by name."""
    return "uint64" if field.dtype == "uint64" else _WIDE[field.kind]
