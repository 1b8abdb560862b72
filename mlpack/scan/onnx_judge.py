"""Judges an ONNX model's structure: operators of other libraries, functions without end, shapes that nothing backs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpack.core.finding import Finding
from mlpack.scan.lists.graphs import onnx_operators
from mlpack.scan.onnx_wire import Node, Operator, Structure
from mlpack.scan.rules import onnx

_OPEN = frozenset({"", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training"})
"""Domains of ONNX itself: an operator of a later version computes too, and ONNX Runtime says that it does not have it."""
_SHAPED_BY = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1, "Resize": 3, "OneHot": 1, "Range": 1, "Pad": 1}
"""The input that says how large the output is."""
_MOST_VALUES = 1 << 33
_MOST_NODES = 10_000_000
_OTHERS = {
    "ai.onnx.contrib": "ONNX Runtime's extensions, which run Python",
    "com.microsoft.extensions": "ONNX Runtime's extensions",
    "com.microsoft": "ONNX Runtime, and hands a file or a blob to a vendor's library",
    "org.pytorch.aten": "torch",
}


def judge_structure(model: Structure, length: int) -> tuple[Finding, ...]:
    """The findings about a model of ``length`` bytes."""
    found = [*_foreign(model), *_endless(model), *_bombs(model)]
    outside = sum(tensor.declared for tensor in model.external)
    if model.declared - outside > 16 * length:
        found.append(onnx.SIZE.finding(f"its tensors claim {model.declared:,} bytes, and it has {length:,}"))
    return tuple(found)


def _foreign(model: Structure) -> Iterator[Finding]:
    """Operators that are neither ONNX Runtime's nor functions of the model itself."""
    known = onnx_operators()
    for (domain, name), (offset, node) in model.sightings.items():
        if domain in _OPEN or (domain, name) in model.functions or name in known.get(domain, ()):
            continue
        whose = _OTHERS.get(domain, f"a library that registers {domain[:80]!r}")
        yield onnx.OPERATOR.finding(
            f"the node {node[:80]!r} runs {domain[:80]}.{name[:80]}, which belongs to {whose}", offset=offset
        )


def _endless(model: Structure) -> Iterator[Finding]:
    """Functions that reach themselves, and functions that double with each call."""
    sizes: dict[Operator, int] = {}
    for name in model.functions:
        circle = _measure(name, model, sizes)
        if circle is not None:
            yield onnx.FUNCTION.finding(f"{'.'.join(circle)} calls itself", offset=model.functions[circle].offset)
            return
    total = sum(count * sizes.get(name, 1) for name, count in model.calls.nodes.items())
    if total > _MOST_NODES:
        yield onnx.FUNCTION.finding(f"its functions unfold to {total:,} nodes")


def _measure(name: Operator, model: Structure, sizes: dict[Operator, int]) -> Operator | None:
    """Note how many nodes a function unfolds to, and those that it calls. Returns one that calls itself."""
    pending, open_ones = [name], set[Operator]()
    while pending:
        current = pending[-1]
        inner = [one for one in model.functions[current].nodes if one in model.functions and one not in sizes]
        if current in sizes or not inner:
            nodes = model.functions[current].nodes
            sizes[current] = 1 + sum(count * sizes.get(one, 1) for one, count in nodes.items())
            open_ones.discard(current)
            pending.pop()
            continue
        open_ones.add(current)
        for one in inner:
            if one in open_ones:
                return one
        pending.append(inner[0])
    return None


def _bombs(model: Structure) -> Iterator[Finding]:
    for node in model.makers:
        size = _values_made(node, model)
        if size > _MOST_VALUES:
            yield onnx.SIZE.finding(
                f"the node {node.name[:80]!r} ({node.operator[1]}) makes {size:,} values out of nothing",
                offset=node.offset,
            )


def _values_made(node: Node, model: Structure) -> int:
    """How many values a node makes, where the file alone says so; 0 where that depends on the inputs."""
    kind = node.operator[1]
    shape = node.shape if kind.startswith("Random") else None
    at = _SHAPED_BY.get(kind)
    if at is not None and len(node.inputs) > at:
        shape = model.constants.get(node.inputs[at])
    if not shape:
        return 0
    if kind in {"OneHot", "Range", "Pad"}:
        return max(shape)
    return math.prod(max(size, 1) for size in shape)
