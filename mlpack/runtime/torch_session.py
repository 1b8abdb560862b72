"""Predictions of a torch module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .session import ClosingSession, Feed, Outputs
from .signature import Signature
from .torch_values import named_outputs, positional

if TYPE_CHECKING:
    import torch


class TorchSession(ClosingSession):
    """A torch module in evaluation mode on the CPU, without gradients.

    Inputs are passed by position in the order of the signature; those that ``forward`` has a default for go by name.
    """

    def __init__(self, module: torch.nn.Module, signature: Signature) -> None:
        self.signature = signature
        self._module: Any = module.cpu().eval()
        self._keywords = keywords(module, [spec.name for spec in signature.inputs])

    def run(self, feed: Feed) -> Outputs:
        """Predict. Raises what the module raises, KeyError for a missing input, TypeError for strings."""
        import torch

        tensors = positional(self.signature.inputs, feed)
        names = [spec.name for spec in self.signature.inputs]
        plain = [tensor for name, tensor in zip(names, tensors, strict=True) if name not in self._keywords]
        named = {name: tensor for name, tensor in zip(names, tensors, strict=True) if name in self._keywords}
        with torch.inference_mode():
            return named_outputs(self._module(*plain, **named), self.signature.outputs)

    def close(self) -> None:
        """Let go of the module."""
        self._module = None


def keywords(module: Any, names: Sequence[str]) -> frozenset[str]:
    """Which of these inputs ``forward`` has a default for: others before them may be left out."""
    import inspect

    try:
        parameters = inspect.signature(module.forward).parameters
    except (TypeError, ValueError):  # TorchScript: its methods have no Python signature
        return frozenset()
    optional = {name for name, parameter in parameters.items() if parameter.default is not inspect.Parameter.empty}
    return frozenset(names) & optional
