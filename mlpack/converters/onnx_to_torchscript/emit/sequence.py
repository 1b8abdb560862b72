"""Sequences of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import operator

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call


@operator("SequenceConstruct")
def construct(call: Call) -> Expression:
    """A sequence of the inputs."""
    return Expression(f"[{', '.join(call.inputs())}]", ("List[Tensor]",))


@operator("SequenceEmpty")
def empty(call: Call) -> Expression:
    """An empty sequence, of whatever element type."""
    call.ignore("dtype")
    return Expression("torch.jit.annotate(List[Tensor], [])", ("List[Tensor]",))


@operator("SequenceInsert")
def insert(call: Call) -> Expression:
    """A sequence with one more tensor."""
    text = f"ops_sequence.insert({call.input(0)}, {call.input(1)}, {call.optional(2)})"
    return Expression(text, ("List[Tensor]",))


@operator("SequenceErase")
def erase(call: Call) -> Expression:
    """A sequence with one tensor fewer."""
    return Expression(f"ops_sequence.erase({call.input(0)}, {call.optional(1)})", ("List[Tensor]",))


@operator("SequenceAt")
def at(call: Call) -> str:
    """One tensor of a sequence."""
    return f"{call.input(0)}[int({call.input(1)})]"


@operator("SequenceLength")
def length(call: Call) -> str:
    """The number of tensors."""
    return f"ops_sequence.length({call.input(0)})"


@operator("SplitToSequence")
def split(call: Call) -> Expression:
    """Split into a sequence."""
    axis, keepdims = call.integer("axis"), call.flag("keepdims", default=True)
    text = f"ops_sequence.split({call.input(0)}, {call.optional(1)}, {axis}, {keepdims})"
    return Expression(text, ("List[Tensor]",))


@operator("ConcatFromSequence")
def join(call: Call) -> str:
    """Join a sequence."""
    return f"ops_sequence.join({call.input(0)}, {call.integer('axis')}, {call.flag('new_axis')})"
