"""ONNX and the protocol buffers under it: the wire, the judge, data beside the file, and onnx's own reading of the same."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fuzz.files import a_file
from fuzz.mutators.messages import changed_message
from fuzz.target import Target

from mlpack.formats.onnx import FORMAT
from mlpack.scan.onnx_wire import begins_like_onnx, read_structure
from mlpack.scan.protobuf import LENGTH, fields, numbers, text
from mlpack.scan.source import Source

_MOST_DEPTH = 20
_BESIDE = 4096
_LONGEST_TEXT = 4096


def _source(data: bytes) -> Source:
    return Source(io.BytesIO(data), "model.onnx", end=len(data))


def wire(data: bytes) -> None:
    """Fields within fields, without a schema; texts and numbers of each."""
    _fields(_source(data), len(data), 0)


def _fields(source: Source, end: int, depth: int) -> None:
    for one in fields(source, end, frozenset({7, 8}) if depth % 2 else frozenset()):
        assert one.offset < one.start <= source.position
        assert one.wire != LENGTH or source.position <= end
        if one.wire != LENGTH:
            numbers(source, one)
        elif one.number % 3 == 0 and depth < _MOST_DEPTH:
            _fields(source, one.end, depth + 1)
        elif one.number % 3 == 1:
            text(source, one, 64)
        else:
            numbers(source, one, 1 << 20)


def onnx(data: bytes) -> None:
    """The header of a model with files, a link and a folder beside it."""
    _lay_beside()
    path = a_file(data, "model.onnx")
    begins_like_onnx(_source(data))
    json.dumps(FORMAT.read_header(path).to_json())


def _lay_beside() -> None:
    if Path("weights.bin").exists():
        return
    Path("weights.bin").write_bytes(bytes(_BESIDE))
    Path("folder").mkdir(exist_ok=True)
    os.symlink("/etc/hostname", "link.bin")
    Path("second.bin").write_bytes(b"x")
    os.link("second.bin", "hard.bin")


def agree(data: bytes) -> None:
    """What onnx reads in a model that was not refused is what was judged: graphs, operators, opsets, data outside."""
    structure = read_structure(_source(data))
    import onnx as library

    try:
        model = library.ModelProto.FromString(data)
    except Exception:  # protobuf's DecodeError, which has another home in every release
        return
    nodes = Counter((_own(node.domain), _text(node.op_type)) for node in _nodes(model))
    judged: Counter[Any] = Counter()
    for calls in (structure.calls, *structure.functions.values()):
        judged.update(calls.nodes)
    missed = nodes - judged
    assert not missed, f"onnx finds nodes that were not judged: {missed}"
    outside = sorted(_locations(model))
    seen = sorted(_text(tensor.external.get("location", "")) for tensor in structure.external)
    assert not Counter(outside) - Counter(seen), f"onnx finds data outside at {outside}, judged were {seen}"
    opsets = {_own(one.domain): one.version for one in model.opset_import}
    assert opsets == structure.opsets


def _own(domain: str | bytes) -> str:
    """What is no UTF-8 comes as bytes."""
    text = _text(domain)
    return "" if text == "ai.onnx" else text


def _text(value: str | bytes) -> str:
    """As the judge keeps it: the beginning of it."""
    data = value if isinstance(value, bytes) else value.encode()
    return data[:_LONGEST_TEXT].decode("utf-8", "replace")


def _graphs(model: Any) -> Iterator[Any]:
    """The graph, those within it and those of functions; training is not run."""
    pending = [model.graph, *model.functions]
    while pending:
        graph = pending.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                pending += [attribute.g] if attribute.HasField("g") else []
                pending.extend(attribute.graphs)


def _nodes(model: Any) -> Iterator[Any]:
    for graph in _graphs(model):
        yield from graph.node


def _locations(model: Any) -> Iterator[str]:
    for graph in _graphs(model):
        tensors = list(getattr(graph, "initializer", ()))
        for node in graph.node:
            for attribute in node.attribute:
                tensors += [attribute.t] if attribute.HasField("t") else []
                tensors.extend(attribute.tensors)
        for tensor in tensors:
            if tensor.data_location == 1:
                yield _text(next((one.value for one in tensor.external_data if one.key == "location"), ""))


TARGETS = (
    Target("protobuf", wire, changed_message, ("onnx",)),
    Target("onnx", onnx, changed_message, ("onnx", "hostile-onnx")),
    Target("onnx-agree", agree, changed_message, ("onnx", "hostile-onnx"), ("onnx",)),
)
