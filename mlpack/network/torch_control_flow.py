"""Whether the Python of a torch module decides by the values that it is given: a trace would bake in one outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_LOOKS = frozenset({"__bool__", "__int__", "__float__", "__index__", "item", "tolist", "numpy", "__contains__"})


def value_read(module: Any, tensors: Sequence[torch.Tensor]) -> str | None:
    """The name of the first operation by which ``forward`` takes a value out of a tensor into Python; None for none.

    Sizes are no values: reading them is left to a check at other sizes.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    seen: list[str] = []

    class Watch(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            del types
            name = getattr(function, "__name__", "")
            if name in _LOOKS:
                seen.append(name)
            return function(*args, **(kwargs or {}))

    with torch.inference_mode(), Watch():
        module(*tensors)
    return f"Tensor.{seen[0]}" if seen else None
