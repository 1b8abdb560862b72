"""The ``model.proto`` of a service, and the Python that protoc makes of it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mlpack.core.errors import MissingLibraryError, MlpackError
from mlpack.runtime.coerce.answers import Answer
from mlpack.runtime.coerce.fields import Field, Layout
from mlpack.runtime.coerce.names import json_name
from mlpack.runtime.rpc.outline import (
    INSTANCE,
    METHOD,
    PREDICTION,
    REQUEST,
    RESPONSE,
    Member,
    Outline,
    outline_of,
    tensor_message,
)
from mlpack.runtime.signature import Scalar, Signature, TensorSpec

PROTO = "model.proto"
_MOST_CHOICES = 20
_MOST_SIGNS = 200
_OUTPUTS = ("--python_out", "--pyi_out", "--grpc_python_out")


def context(signature: Signature, name: str) -> dict[str, Any]:
    """What ``service/model.proto.j2`` says of a model called ``name``: its messages, with a line on each field."""
    outline = outline_of(signature, name)
    return {
        "about": f"The service of the model {_shown(name)}.",
        "package": outline.package,
        "service": outline.service,
        "method": METHOD,
        "request": REQUEST,
        "response": RESPONSE,
        "messages": _messages(outline, signature),
    }


def compile_proto(folder: Path) -> None:
    """Write ``model_pb2.py``, ``model_pb2.pyi`` and ``model_pb2_grpc.py`` beside the ``model.proto`` in ``folder``.

    Raises MissingLibraryError without grpcio-tools, MlpackError with what protoc has against the file.
    """
    run_protoc([f"-I{folder}", *(f"{option}={folder}" for option in _OUTPUTS), str(folder / PROTO)])


def run_protoc(arguments: Sequence[str]) -> None:
    """Run protoc in a process of its own: in one that has TensorFlow or torch, their protobuf and its own crash each other.

    Raises MissingLibraryError, MlpackError.
    """
    if importlib.util.find_spec("grpc_tools") is None:
        raise MissingLibraryError(f"compiling {PROTO} needs grpcio-tools", hint='pip install "mlpack-toolkit[grpc]"')
    command = [sys.executable, "-P", "-m", "grpc_tools.protoc", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise MlpackError(f"protoc does not take {PROTO}", why=ended.stderr.strip()[-2000:])


def _messages(outline: Outline, signature: Signature) -> list[dict[str, Any]]:
    layout = outline.layout
    about = (
        "Rows to predict." if layout.kind != "tensors" else "Tensors to predict, with the batch as one of their axes."
    )
    messages = [_message(REQUEST, about, outline.request, _about_request(layout))]
    if outline.instance:
        messages.append(_message(INSTANCE, "One row.", outline.instance, _about_instance(layout)))
    predictions = Member("predictions", 1, PREDICTION, "repeated")
    messages.append(_message(RESPONSE, "What the model answers.", (predictions,), (["One a row, in their order."],)))
    pairs = zip(outline.answers, signature.outputs, strict=True)
    answered = [_about_answer(answer, spec, signature) for answer, spec in pairs]
    messages.append(_message(PREDICTION, "What the model answers to one row.", outline.prediction, answered))
    for value in outline.tensors:
        fields = (Member("shape", 1, "int64", "repeated"), Member("values", 2, value, "repeated"))
        messages.append(_message(tensor_message(value), "A tensor.", fields, ([], ["In row-major order."])))
    return messages


def _message(name: str, about: str, members: Sequence[Member], lines: Iterable[list[str]]) -> dict[str, Any]:
    fields = [{"declaration": _declaration(member), "about": told} for member, told in zip(members, lines, strict=True)]
    return {"name": name, "about": about, "fields": fields}


def _declaration(member: Member) -> str:
    own = f" [json_name = {_literal(member.json)}]" if member.json not in {"", json_name(member.name)} else ""
    return f"{member.rule} {member.type} {member.name} = {member.number}{own};".lstrip()


def _about_request(layout: Layout) -> Iterable[list[str]]:
    if layout.kind == "values":
        return [_about_field(layout.fields[0])]
    if layout.kind != "tensors":
        return [[]]
    pairs = zip(layout.fields, layout.inputs, strict=True)
    return [[f"{line}; {_sized(spec.shape)}" for line in _about_field(field)] for field, spec in pairs]


def _about_instance(layout: Layout) -> Iterable[list[str]]:
    if layout.kind == "records":
        return [_about_field(field) for field in layout.fields]
    first = layout.fields[0]
    return [[f"The {len(layout.fields)} columns in their order: {first.dtype}."]]


def _about_field(field: Field) -> list[str]:
    parts = [f"{_shown(field.name)}: {field.dtype}"]
    if field.categories:
        parts.append(f"{'one of' if field.closed else 'such as'} {_listed(field.categories)}")
    if field.low is not None:
        parts.append(f"at least {field.low}")
    if field.high is not None:
        parts.append(f"at most {field.high}")
    if field.missing:
        parts.append(f"may be missing, and is {_shown(field.fill)} then" if field.fill else "may be missing")
    return ["; ".join(parts)]


def _about_answer(answer: Answer, spec: TensorSpec, signature: Signature) -> list[str]:
    line = f"{_shown(answer.name)}: {spec.dtype}"
    classes = signature.classes.get(spec.name, ())
    if answer.keys:
        return [f"{line}; by class: {_listed(answer.keys)}"]
    if answer.role == "label" and classes:
        return [f"{line}; one of {_listed(classes)}"]
    row = spec.shape if spec.batch_axis is None else spec.shape[: spec.batch_axis] + spec.shape[spec.batch_axis + 1 :]
    return [f"{line}; {_sized(row)}" if row else line]


def _sized(shape: Iterable[int | str]) -> str:
    return f"[{', '.join(str(dim) if isinstance(dim, int) else _shown(dim)[1:-1] for dim in shape)}]"


def _listed(values: Sequence[Scalar]) -> str:
    told = [_shown(value) if isinstance(value, str) else str(value) for value in values[:_MOST_CHOICES]]
    more = len(values) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _shown(text: str) -> str:
    """``text`` in quotes, on one line, with nothing in it that is not seen."""
    short = text if len(text) <= _MOST_SIGNS else f"{text[:_MOST_SIGNS]}…"
    quoted = json.dumps(short, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in quoted)


def _literal(text: str) -> str:
    """``text`` as a string of the proto language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
