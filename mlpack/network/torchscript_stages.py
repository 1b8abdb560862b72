"""What the submodules of a TorchScript module returned while it ran."""

from __future__ import annotations

from typing import Any

from mlpack.core.framework import Visit
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.runtime.torch_values import array_of, named_leaves, positional

_AT_ONCE = 16


def visit_calls(module: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
    """Run ``feed`` and hand out what each submodule called by ``forward`` itself returned, in the order of execution.

    Hooks do not fire within TorchScript. The graph of ``forward`` is copied, the values are made outputs of the copy, and
    the copy is run, once for every few values. Calls within a branch or a loop are not seen: they may not happen.
    """
    import torch

    calls = _calls(module.graph)
    tensors = positional(signature.inputs, feed)
    for start in range(0, len(calls), _AT_ONCE):
        graph = module.graph.copy()
        some = calls[start : start + _AT_ONCE]
        nodes = dict(_named_calls(graph))
        for _ in list(graph.outputs()):
            graph.eraseOutput(0)
        for name in some:
            graph.registerOutput(nodes[name].output())
        if len(some) > 1:
            graph.makeMultiOutputIntoTuple()
        with torch.inference_mode():
            answer = _run(graph, module, tensors)
        for name, result in zip(some, answer if len(some) > 1 else (answer,), strict=True):
            leaves = named_leaves(result)
            for leaf, value in leaves:
                visit(name if len(leaves) == 1 else f"{name}.{leaf}", array_of(value))


def _calls(graph: Any) -> list[str]:
    return [name for name, _ in _named_calls(graph)]


def _named_calls(graph: Any) -> list[tuple[str, Any]]:
    """The calls of submodules' methods at the top of a graph, by the submodule's path."""
    named: list[tuple[str, Any]] = []
    runs: dict[str, int] = {}
    for node in graph.nodes():
        if node.kind() != "prim::CallMethod" or node.outputsSize() != 1:
            continue
        path = _path(next(iter(node.inputs())).node())
        if not path:
            continue  # a method of the module itself
        runs[path] = runs.get(path, 0) + 1
        named.append((path if runs[path] == 1 else f"{path} ({runs[path]})", node))
    return named


def _path(node: Any) -> str:
    parts: list[str] = []
    while node.kind() == "prim::GetAttr":
        parts.append(node.s("name"))
        node = next(iter(node.inputs())).node()
    return ".".join(reversed(parts))


def _run(graph: Any, module: Any, tensors: list[Any]) -> Any:
    """Run a graph whose first input is the module itself."""
    import torch

    # The one way to run a graph that was changed; torch.onnx and torch.jit use it in the same manner.
    function = torch._C._create_function_from_graph("forward", graph)  # noqa: SLF001
    return function(module._c, *tensors)  # noqa: SLF001
