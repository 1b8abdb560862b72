"""The outputs of a torch module's parts, handed out while it runs."""

from __future__ import annotations

from typing import Any

from mlpack.core.framework import Visit
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.runtime.torch_session import TorchSession
from mlpack.runtime.torch_values import array_of, named_leaves


def visit_modules(module: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
    """Run ``feed`` and hand to ``visit`` the output of every part that ran no other part, as soon as it is there.

    A part that runs more than once is ``name``, ``name (2)`` …; one that returns several tensors has their names added.
    """
    stack: list[bool] = []  # for each part that is running: whether some part ran within it
    runs: dict[str, int] = {}

    def before(_part: Any, _inputs: Any) -> None:
        if stack:
            stack[-1] = True
        stack.append(False)

    def after(name: str, result: Any) -> None:
        if stack.pop():
            return
        runs[name] = runs.get(name, 0) + 1
        shown = name if runs[name] == 1 else f"{name} ({runs[name]})"
        leaves = named_leaves(result)
        for leaf, value in leaves:
            visit(shown if len(leaves) == 1 else f"{shown}.{leaf}", array_of(value))

    handles = []
    for path, part in module.named_modules():
        name = path or type(part).__name__
        handles.append(part.register_forward_pre_hook(before))
        handles.append(part.register_forward_hook(lambda _p, _i, result, name=name: after(name, result)))
    try:
        TorchSession(module, signature).run(feed)
    finally:
        for handle in handles:
            handle.remove()
