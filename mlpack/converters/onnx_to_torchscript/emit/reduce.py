"""Reductions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import EMPTY

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

FUNCTIONS = {
    "ReduceL1": "reduce_l1",
    "ReduceL2": "reduce_l2",
    "ReduceLogSum": "reduce_log_sum",
    "ReduceLogSumExp": "reduce_log_sum_exp",
    "ReduceMax": "reduce_max",
    "ReduceMean": "reduce_mean",
    "ReduceMin": "reduce_min",
    "ReduceProd": "reduce_prod",
    "ReduceSum": "reduce_sum",
    "ReduceSumSquare": "reduce_sum_square",
}


@operator(*FUNCTIONS)
def reduction(call: Call) -> str:
    """Axes are an attribute in older operator sets and an input in newer ones."""
    axes = call.axes(1) or EMPTY
    keepdims, noop = call.flag("keepdims", default=True), call.flag("noop_with_empty_axes")
    return f"ops_reduce.{FUNCTIONS[call.node.op_type]}({call.input(0)}, {axes}, {keepdims}, {noop})"
