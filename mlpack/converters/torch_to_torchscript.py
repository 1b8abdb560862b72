"""PyTorch modules to TorchScript."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpack.core.converter import Conversion, Variant
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.core.quiet import quiet
from mlpack.network.torch_control_flow import value_read
from mlpack.network.torch_onnx import without_fused_attention
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.runtime.torch_session import TorchSession
from mlpack.runtime.torch_values import positional
from mlpack.runtime.torchscript_session import TorchScriptSession, note_signature

if TYPE_CHECKING:
    import torch


class TorchToTorchScript:
    """Scripting keeps Python's branches; tracing takes any Python, and keeps the outcome of one run."""

    name = "torch → torchscript"
    source = "torch"
    target = "torchscript"
    libraries: tuple[str, ...] = ("torch",)
    extra = "torch"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """``script``, then ``trace``. Weights are shared with the module, not copied."""
        conversion.model.eval()
        return [
            Variant("script", "compiled from the source of forward", partial(_scripted, conversion)),
            Variant("trace", "recorded from one run", partial(_traced, conversion)),
        ]


def _scripted(conversion: Conversion) -> torch.jit.ScriptModule:
    import torch

    try:
        with quiet():
            module = torch.jit.script(conversion.model)
    except Exception as error:
        raise UnsupportedOperatorError(
            f"{type(conversion.model).__qualname__} cannot be scripted",
            why=_first_line(error),
            hint="the trace variant takes any Python that does not decide by values",
            details=str(error),
        ) from error
    if not hasattr(module, "forward") or not any(argument.name for argument in module.forward.schema.arguments[1:]):
        raise UnsupportedOperatorError(
            f"{type(conversion.model).__qualname__} alone has no forward once it is saved as a script",
            why="its forward is overloaded",
            hint="the trace variant has one",
        )
    return note_signature(module, conversion.signature)


def _traced(conversion: Conversion) -> torch.jit.ScriptModule:
    import torch

    model, signature = conversion.model, conversion.signature
    tensors = tuple(positional(signature.inputs, conversion.example))
    read = value_read(model, tensors)
    if read is not None:
        raise UnsupportedOperatorError(
            f"{type(model).__qualname__}.forward decides by values ({read})",
            why="a trace keeps the outcome of one example for all inputs, silently",
            hint="use torch.where, or write forward so that torch.jit.script compiles it",
        )
    try:
        with quiet(), torch.no_grad(), without_fused_attention():
            module = torch.jit.trace(model, tensors, check_trace=False, strict=False)
    except Exception as error:
        raise UnsupportedOperatorError(
            f"{type(model).__qualname__} cannot be traced", why=_first_line(error), details=str(error)
        ) from error
    _check_at_other_sizes(model, module, signature, conversion.example)
    return note_signature(module, signature)


def _check_at_other_sizes(model: Any, module: Any, signature: Signature, example: Feed) -> None:
    """Refuse a trace that took a size of the example for a constant."""
    with TorchSession(model, signature) as original, TorchScriptSession(module, signature) as traced:
        for axis, feed in _other_sizes(signature, example):
            wanted = original.run(feed)
            try:
                found = traced.run(feed)
                same = all(_close(wanted[name], found[name]) for name in wanted)
            except (RuntimeError, KeyError, IndexError):
                same = False
            if not same:
                raise UnsupportedOperatorError(
                    f"the trace of {type(model).__qualname__} is bound to the example's size of axis {axis}",
                    why="forward does something else at other sizes, and a trace keeps one way",
                    hint="write forward so that torch.jit.script compiles it",
                )


def _other_sizes(signature: Signature, example: Feed) -> Iterator[tuple[str, Feed]]:
    """The example with each named axis of another size, that is one less (but not none) and three more."""
    names = dict.fromkeys(dim for spec in signature.inputs for dim in spec.shape if isinstance(dim, str))
    for name in names:
        for change in (-1, 3):
            feed = dict(example)
            for spec in signature.inputs:
                for axis, dim in enumerate(spec.shape):
                    if dim == name:
                        size = max(1, feed[spec.name].shape[axis] + change)
                        feed[spec.name] = np.take(
                            feed[spec.name], np.arange(size) % feed[spec.name].shape[axis], axis=axis
                        )
            yield name, feed


def _close(wanted: np.ndarray, found: np.ndarray) -> bool:
    if wanted.shape != found.shape:
        return False
    return wanted.dtype.kind not in "fV" or np.allclose(
        wanted.astype(np.float64), found.astype(np.float64), rtol=1e-3, atol=1e-4, equal_nan=True
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]


CONVERTER = TorchToTorchScript()
