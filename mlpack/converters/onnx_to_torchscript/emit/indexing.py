"""Operators that read or write elements at computed positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

REDUCTIONS = {"add": "sum", "mul": "prod", "min": "amin", "max": "amax"}


@operator("Slice")
def slices(call: Call) -> str:
    """Slice; bounds are attributes before operator set 10."""
    x, starts, ends = call.input(0), call.axes(1, "starts"), call.axes(2, "ends")
    if starts is None or ends is None:
        call.refuse("starts or ends are missing")
    axes = call.axes(3, "axes") or f"list(range(len({starts})))"
    steps = call.int_list(4) if call.has(4) else f"[1] * len({starts})"
    return f"ops_indexing.slices({x}, {starts}, {ends}, {axes}, {steps})"


@operator("Gather")
def gather(call: Call) -> str:
    """Slices along an axis."""
    return f"ops_indexing.gather({call.input(0)}, {call.input(1)}, {call.integer('axis')})"


@operator("GatherElements")
def gather_elements(call: Call) -> str:
    """Elements along an axis."""
    return f"ops_indexing.gather_elements({call.input(0)}, {call.input(1)}, {call.integer('axis')})"


@operator("GatherND")
def gather_nd(call: Call) -> str:
    """Slices at rows of coordinates."""
    return f"ops_indexing.gather_nd({call.input(0)}, {call.input(1)}, {call.integer('batch_dims')})"


def _reduction(call: Call) -> str:
    name = call.text("reduction", "none")
    if name != "none" and name not in REDUCTIONS:
        call.refuse(f"reduction={name!r} is not implemented")
    return repr(REDUCTIONS.get(name, name))


@operator("ScatterElements", "Scatter")
def scatter_elements(call: Call) -> str:
    """Write elements along an axis."""
    x, index, updates = call.input(0), call.input(1), call.input(2)
    return f"ops_scatter.scatter_elements({x}, {index}, {updates}, {call.integer('axis')}, {_reduction(call)})"


@operator("ScatterND")
def scatter_nd(call: Call) -> str:
    """Write slices at rows of coordinates."""
    return f"ops_scatter.scatter_nd({call.input(0)}, {call.input(1)}, {call.input(2)}, {_reduction(call)})"


@operator("Compress")
def compress(call: Call) -> str:
    """Slices, or elements of the flattened tensor, where a condition holds."""
    x, condition = call.input(0), call.input(1)
    if not call.has_attribute("axis"):
        return f"ops_indexing.compress({x}.reshape([-1]), {condition}, 0)"
    return f"ops_indexing.compress({x}, {condition}, {call.integer('axis')})"


@operator("TopK")
def top_k(call: Call) -> Expression:
    """The k largest or smallest."""
    k = str(call.integer("k")) if call.opset < 10 else f"int({call.input(1)})"
    call.ignore("sorted")
    x, axis, largest = call.input(0), call.integer("axis", -1), call.flag("largest", default=True)
    return Expression(f"ops_indexing.top_k({x}, {k}, {axis}, {largest})", ("Tensor", "Tensor"))


@operator("ArgMax", "ArgMin")
def arg_extreme(call: Call) -> str:
    """Position of the extreme along an axis."""
    options = [call.flag("keepdims", default=True), call.flag("select_last_index"), call.node.op_type == "ArgMax"]
    arguments = ", ".join(str(option) for option in options)
    return f"ops_indexing.arg_extreme({call.input(0)}, {call.integer('axis')}, {arguments})"


@operator("OneHot")
def one_hot(call: Call) -> str:
    """One-hot along a new axis."""
    index, depth, values = (call.input(position) for position in range(3))
    return f"ops_indexing.one_hot({index}, {depth}, {values}, {call.integer('axis', -1)})"


@operator("NonZero")
def non_zero(call: Call) -> str:
    """Coordinates of the elements that are not zero, one row per axis."""
    return f"torch.nonzero({call.input(0)}).t()"


@operator("CumSum", "CumProd")
def cumulative(call: Call) -> str:
    """Running sums or products."""
    options = [call.flag("exclusive"), call.flag("reverse"), call.node.op_type == "CumProd"]
    arguments = ", ".join(str(option) for option in options)
    return f"ops_indexing.cumulative({call.input(0)}, int({call.input(1)}), {arguments})"


@operator("ReverseSequence")
def reverse_sequence(call: Call) -> str:
    """Reverse the first steps of each batch entry."""
    axes = literal([call.integer("batch_axis", 1), call.integer("time_axis", 0)])
    return f"ops_indexing.reverse_sequence({call.input(0)}, {call.input(1)}, {axes[1:-1]})"


@operator("Unique")
def unique(call: Call) -> Expression:
    """Sorted unique elements of the flattened tensor, with where they came from."""
    if call.has_attribute("axis") or not call.flag("sorted", default=True):
        call.refuse("Unique along an axis, or in order of appearance, is not implemented")
    return Expression(f"ops_sequence.unique({call.input(0)})", ("Tensor",) * 4)
