"""How a client asks this very model: the lines of a README that work when they are pasted."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlpack.runtime.coerce.fields import Field
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.rpc.outline import INSTANCE, REQUEST, Member, Outline, outline_of
from mlpack.runtime.signature import TensorSpec
from mlpack.scaffold.python_source import WIDTH, bracketed, literal

_MOST_TYPED = 4_000
"""A longer request is named by its file: nobody pastes an image."""
_IN_FUNCTION = WIDTH - 4


@dataclass(frozen=True)
class Clients:
    """``curl`` is a line for a shell. ``message`` are statements that make the gRPC message ``request`` of ``instances``, a
    list as JSON has it; they use the names in ``imports``. ``stub`` is the name of the service's stub.
    """

    curl: str
    message: tuple[str, ...]
    imports: frozenset[str]
    stub: str


def clients_of(manifest: Manifest, request: Mapping[str, Any]) -> Clients:
    """The clients of the model in a bundle. ``request`` is one that it takes."""
    outline = outline_of(manifest.signature, manifest.name)
    message, imports = _message(outline)
    return Clients(curl_line(request), message, imports, f"{outline.service}Stub")


def curl_line(request: Mapping[str, Any], address: str = "http://127.0.0.1:8080") -> str:
    """A line for a shell that posts ``request``, or the file that it lies in."""
    text = json.dumps(request, ensure_ascii=False)
    if not text.isprintable():
        text = json.dumps(request)
    data = shlex.quote(text) if len(text) <= _MOST_TYPED else "@example.json"
    return f"curl {address}/predict -H 'Content-Type: application/json' -d {data}"


def _message(outline: Outline) -> tuple[tuple[str, ...], frozenset[str]]:
    layout, head = outline.layout, f"request = model_pb2.{REQUEST}("
    match layout.kind:
        case "records":
            parsed = f'request = json_format.ParseDict({{"instances": instances}}, model_pb2.{REQUEST}())'
            return (parsed,), frozenset({"json_format"})
        case "tensors":
            return _tensors(outline, head), frozenset({"np"})
        case "values":
            values, imports = _values("instances", layout.fields[0])
            return (f"{head}instances={values})",), imports
    values, imports = _values("row", layout.fields[0])
    rows = f"rows = [model_pb2.{INSTANCE}(values={values}) for row in instances]"
    return (rows, f"{head}instances=rows)"), imports


def _values(name: str, field: Field) -> tuple[str, frozenset[str]]:
    """The list ``name`` for a repeated field of a message, in which a missing number is NaN."""
    return (f"np.array({name}, dtype=float)", frozenset({"np"})) if field.missing else (name, frozenset())


def _tensors(outline: Outline, head: str) -> tuple[str, ...]:
    layout = outline.layout
    single = len(layout.inputs) == 1
    statements: list[str] = []
    tensors: list[str] = []
    for number, (member, spec, field) in enumerate(zip(outline.request, layout.inputs, layout.fields, strict=True)):
        name = "array" if single else f"array_{number + 1}"
        statements += _array(name, spec, field, single=single)
        tensors.append(_tensor(member, name))
    return (*statements, bracketed(head, tensors, ")", room=_IN_FUNCTION))


def _array(name: str, spec: TensorSpec, field: Field, *, single: bool) -> list[str]:
    """Statements that make an array with its batch axis where the model has it."""
    rows = "instances" if single else f"[instance[{literal(spec.name)}] for instance in instances]"
    parts = [rows, f"dtype={'float' if field.kind == 'float' else 'object'}"]
    statements = [bracketed(f"{name} = np.array(", parts, ")", room=_IN_FUNCTION)]
    if spec.batch_axis is None:
        statements.append(f"{name} = {name}[0]")
    elif spec.batch_axis:
        statements.append(f"{name} = np.moveaxis({name}, 0, {spec.batch_axis})")
    return statements


def _tensor(member: Member, name: str) -> str:
    return bracketed(
        f"{member.name}=model_pb2.{member.type}(", [f"shape={name}.shape", f"values={name}.ravel()"], ")", room=100
    )
