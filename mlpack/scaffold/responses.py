"""The typed form of an answer: what a prediction is, by the outputs of the signature."""

from __future__ import annotations

from mlpack.runtime.coerce.answers import Answer, Answers
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.scaffold.requests import model, sizes_of_row
from mlpack.scaffold.types import MOST_CHOICES, Types

MOST_CLASSES = 50
"""Probabilities of more classes than that are a dictionary: nobody reads that many fields."""

_ELEMENTS = {"float": "float | None", "int": "int", "bool": "bool", "string": "str"}


def prediction(signature: Signature, types: Types) -> tuple[str, list[str]]:
    """The name of the type of a prediction, and the source of the classes that it is made of, itself last."""
    answers = Answers(signature)
    chosen = types.reserve("Prediction")
    pairs = list(zip(answers.outputs, signature.outputs, strict=True))
    if answers.bare:
        types.definitions.append(f"{chosen} = {_annotation(*pairs[0], signature, types)}")
        return chosen, []
    classes: list[str] = []
    annotations: list[tuple[str, str]] = []
    for answer, spec in pairs:
        if 0 < len(answer.keys) <= MOST_CLASSES:
            named = types.reserve(answer.name)
            numbers = [(key, _ELEMENTS[answer.kind]) for key in answer.keys]
            classes.append(model(named, "A number for each class.", numbers, types, base="BaseModel"))
            annotations.append((answer.name, named))
        else:
            annotations.append((answer.name, _annotation(answer, spec, signature, types)))
    about = "What the model answers to one instance."
    return chosen, [*classes, model(chosen, about, annotations, types, base="BaseModel")]


def _annotation(answer: Answer, spec: TensorSpec, signature: Signature, types: Types) -> str:
    labels = signature.classes.get(spec.name, ())
    element = _ELEMENTS[answer.kind]
    if answer.keys:
        return f"dict[str, {element}]"
    if answer.role == "label" and 0 < len(labels) <= MOST_CHOICES:
        if answer.kind == "string":
            element = types.choice(answer.name, [str(one) for one in labels])
        elif answer.kind == "int" and all(isinstance(one, int) for one in labels):
            element = types.choice(answer.name, [int(one) for one in labels])
    for _ in sizes_of_row(spec):
        element = f"list[{element}]"
    return element
