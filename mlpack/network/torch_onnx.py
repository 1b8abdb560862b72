"""The two ONNX exporters of torch, behind one manner of asking and of failing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlpack.core.errors import UnsupportedOperatorError
from mlpack.core.quiet import quiet
from mlpack.graph.export import finished
from mlpack.graph.model import OnnxModel
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.runtime.torch_session import keywords
from mlpack.runtime.torch_values import named_leaves, positional

if TYPE_CHECKING:
    import torch

DYNAMO_OPSET = 20
CLASSIC_OPSET = 17
_OPERATORS = (
    re.compile(r"operator '([\w:.]+)'"),
    re.compile(r"OpOverload\(op='([\w:.]+)'"),
    re.compile(r"Unsupported: ONNX export of operator ([\w:]+)"),
    re.compile(r"node '%?[\w.]+ : .*? = ([\w:]+)\["),
)
_PLACES = (
    re.compile(r"scope: (\S+?)(?: #|\n|$)"),
    re.compile(r"(?:^|\n)\s*File \"[^\"]+\", line \d+, in \w+\n\s*(.+)"),
)


def export_graph(
    module: Any, signature: Signature, example: Feed, opset: int | None, *, optimize: bool = True, guarded: bool = False
) -> OnnxModel:
    """Export through ``torch.export``, with every named axis of the inputs left open.

    ``example`` holds 2 rows or more: with one, torch takes the batch for a constant and says that it is free all the same.
    ``guarded`` has sizes that are computed within the module checked while exporting instead of in the graph.
    Raises UnsupportedOperatorError.
    """
    import torch

    wrapped = _flat(module, signature)
    tensors = tuple(positional(signature.inputs, example))
    dims = {name: torch.export.Dim(name) for name in _free_axes(signature)}
    shapes = tuple(
        {axis: dims[dim] for axis, dim in enumerate(spec.shape) if isinstance(dim, str)} for spec in signature.inputs
    )
    try:
        with quiet(), torch.no_grad():
            exported: Any = wrapped
            if guarded:
                exported = torch.export.export(wrapped, tensors, dynamic_shapes=(shapes,), strict=False)
            program = torch.onnx.export(
                exported,
                tensors,
                dynamo=True,
                dynamic_shapes=None if guarded else (shapes,),
                opset_version=opset or DYNAMO_OPSET,
                optimize=optimize,
                verbose=False,
                external_data=False,
            )
            graph = program.model_proto
    except Exception as error:  # exporters raise errors of every kind, several deep
        raise unsupported(error) from error
    return finished(graph, signature)


def export_trace(module: Any, signature: Signature, example: Feed, opset: int | None) -> OnnxModel:
    """Export through the classic exporter: a trace of a module, or the code of a scripted one with its branches and loops.

    Raises UnsupportedOperatorError.
    """
    import torch

    tensors = tuple(positional(signature.inputs, example))
    specs = (*signature.inputs, *signature.outputs)
    free = {spec.name: {axis: dim for axis, dim in enumerate(spec.shape) if isinstance(dim, str)} for spec in specs}
    buffer = io.BytesIO()
    try:
        with quiet(), torch.no_grad(), without_fused_attention():
            torch.onnx.export(
                module,
                tensors,
                buffer,
                dynamo=False,
                input_names=[spec.name for spec in signature.inputs],
                output_names=[spec.name for spec in signature.outputs],
                dynamic_axes=free,
                opset_version=opset or CLASSIC_OPSET,
            )
    except Exception as error:
        raise unsupported(error) from error
    import onnx

    return finished(onnx.load_from_string(buffer.getvalue()), signature)


def export_script(module: Any, signature: Signature, example: Feed, opset: int | None) -> OnnxModel:
    """`export_trace` of a copy of a ScriptModule: the exporter inlines the graph that it is given.

    Raises UnsupportedOperatorError.
    """
    return export_trace(copied_script(module), signature, example, opset)


def copied_script(module: Any) -> Any:
    """A ScriptModule with graph and weights of its own; it cannot be deep-copied."""
    import torch

    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    return torch.jit.load(buffer, map_location="cpu").eval()


@contextmanager
def without_fused_attention() -> Iterator[None]:
    """In evaluation mode torch runs a Transformer layer as one operator that is known to nobody else; not inside."""
    import torch

    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(enabled)


def flat_module(module: Any, signature: Signature) -> torch.nn.Module:
    """A module that takes the inputs of ``signature`` by position and returns its outputs as one tuple."""
    return _flat(module, signature)


def unsupported(error: BaseException) -> UnsupportedOperatorError:
    """An exporter's failure in a user's words: which operator, and where in the model."""
    text = "\n".join(_causes(error))
    operator = next((match[1] for pattern in _OPERATORS if (match := pattern.search(text))), "")
    place = next((match[1] for pattern in _PLACES if (match := pattern.search(text))), "")
    reason = next((line.strip() for line in reversed(_causes(error)) for line in line.splitlines() if line.strip()), "")
    return UnsupportedOperatorError(
        f"{operator} has no equivalent in ONNX" if operator else "torch cannot export this module to ONNX",
        why=f"{reason[:300]}{f' (at {place})' if place and place not in reason else ''}",
        hint="try --to torchscript, or another --opset",
        details=text,
    )


def _flat(module: Any, signature: Signature) -> torch.nn.Module:
    import torch

    names = [spec.name for spec in signature.inputs]
    optional = keywords(module, names)
    wanted = [spec.name for spec in signature.outputs]

    class Flat(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = module

        def forward(self, *tensors: torch.Tensor) -> tuple[Any, ...]:
            pairs = list(zip(names, tensors, strict=True))
            plain = [tensor for name, tensor in pairs if name not in optional]
            leaves = named_leaves(self.model(*plain, **{name: tensor for name, tensor in pairs if name in optional}))
            return tuple(value for _, value in _ordered(leaves, wanted))

    flat = Flat()
    flat.training = False  # the module is in evaluation mode, and an exported one refuses to be told so
    return flat


def _ordered(leaves: list[tuple[str, Any]], wanted: Sequence[str]) -> list[tuple[str, Any]]:
    by_name = dict(leaves)
    return [(name, by_name[name]) for name in wanted] if set(by_name) == set(wanted) else leaves


def _free_axes(signature: Signature) -> list[str]:
    return list(dict.fromkeys(dim for spec in signature.inputs for dim in spec.shape if isinstance(dim, str)))


def _causes(error: BaseException | None) -> list[str]:
    """What was raised, and what raised it, down to the first cause."""
    texts = []
    while error is not None:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return texts
