"""The typed form of a request: what an instance is, by the layout of the signature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlpack.runtime.coerce.fields import Layout, layout_of
from mlpack.runtime.signature import Dim, Signature, TensorSpec
from mlpack.scaffold.identifiers import field_names
from mlpack.scaffold.python_source import WIDTH, bracketed, indented, literal
from mlpack.scaffold.types import Types


def instance(signature: Signature, types: Types) -> tuple[str, str]:
    """The name of the type of an instance, and the source of its class; empty where it is a list or a value."""
    layout = layout_of(signature)
    chosen = types.reserve("Instance")
    if layout.kind == "records":
        return chosen, _instance(chosen, [(field.name, types.of_field(field)) for field in layout.fields], types)
    if layout.kind != "tensors":
        types.definitions.append(_list(chosen, layout, types))
        return chosen, ""
    pairs = zip(layout.fields, layout.inputs, strict=True)
    tensors = [(spec.name, types.nested(types.of_field(field), sizes_of_row(spec), spec.name)) for field, spec in pairs]
    if len(tensors) > 1:
        return chosen, _instance(chosen, tensors, types)
    types.definitions.append(f"{chosen} = {tensors[0][1]}")
    return chosen, ""


def model(name: str, about: str, annotations: Iterable[tuple[str, str]], types: Types, *, base: str = "Strict") -> str:
    """The source of a Pydantic model with a field for each (name, annotation); one whose name is no identifier has an alias."""
    pairs = list(annotations)
    identifiers = field_names([wanted for wanted, _ in pairs], types.names)
    lines = [
        _field(identifier, wanted, annotation)
        for identifier, (wanted, annotation) in zip(identifiers, pairs, strict=True)
    ]
    docstring = f'"""{about}"""'
    return f"class {name}({base}):\n{indented([docstring, '', *lines])}"


def sizes_of_row(spec: TensorSpec) -> Sequence[Dim]:
    """The axes of one row of ``spec``: all but the batch."""
    return [size for place, size in enumerate(spec.shape) if place != spec.batch_axis]


def _instance(name: str, annotations: Sequence[tuple[str, str]], types: Types) -> str:
    return model(name, "What one prediction is made from.", annotations, types)


def _field(identifier: str, name: str, annotation: str) -> str:
    head = f"{identifier}: {annotation}"
    if identifier == name:
        return head
    return bracketed(f"{head} = Field(", [f"alias={literal(name)}"], ")", room=WIDTH - 4)


def _list(chosen: str, layout: Layout, types: Types) -> str:
    kinds = [types.of_field(field) for field in layout.fields]
    if layout.kind == "values":
        return f"{chosen} = {kinds[0]}"
    if len(set(kinds)) > 1:
        return bracketed(f"{chosen} = tuple[", kinds, "]")
    types.imports.add("Annotated")
    return f"{chosen} = Annotated[list[{kinds[0]}], Field(min_length={len(kinds)}, max_length={len(kinds)})]"
