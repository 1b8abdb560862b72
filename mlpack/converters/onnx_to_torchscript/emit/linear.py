"""Matrix products and softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.registry import MICROSOFT, operator
from mlpack.converters.onnx_to_torchscript.values import float_literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call


@operator("MatMul")
def matmul(call: Call) -> str:
    """Matrix product, batched, broadcasting."""
    return f"torch.matmul({call.input(0)}, {call.input(1)})"


@operator("Gemm")
def gemm(call: Call) -> str:
    """Alpha * A @ B + beta * C."""
    call.ignore("broadcast")
    a = f"{call.input(0)}.t()" if call.flag("transA") else call.input(0)
    b = f"{call.input(1)}.t()" if call.flag("transB") else call.input(1)
    alpha, beta = call.real("alpha", 1.0), call.real("beta", 1.0)
    return f"ops_linear.gemm({a}, {b}, {call.optional(2)}, {float_literal(alpha)}, {float_literal(beta)})"


@operator("MatMulInteger")
def matmul_integer(call: Call) -> str:
    """Product of 8-bit matrices."""
    inputs = ", ".join(call.input(0) if index == 0 else call.optional(index) for index in range(4))
    return f"ops_linear.matmul_integer({inputs})"


@operator("Einsum")
def einsum(call: Call) -> str:
    """Einsum; torch spells the equation the same way."""
    equation = call.text("equation").replace(" ", "")
    return f"torch.einsum({equation!r}, [{', '.join(call.inputs())}])"


@operator("Softmax", "LogSoftmax")
def softmax(call: Call) -> str:
    """Along one axis; before operator set 13, over all axes from `axis` on."""
    x, log = call.input(0), call.node.op_type == "LogSoftmax"
    if call.opset >= 13:
        return f"ops_linear.softmax({x}, {call.integer('axis', -1)}, {log})"
    axis = call.integer("axis", 1)
    return f"ops_linear.softmax(ops_linear.as_matrix({x}, {axis}), 1, {log}).reshape({x}.size())"


@operator("Hardmax")
def hardmax(call: Call) -> str:
    """Along one axis; before operator set 13, over all axes from `axis` on."""
    x = call.input(0)
    if call.opset >= 13:
        return f"ops_linear.hardmax({x}, {call.integer('axis', -1)})"
    axis = call.integer("axis", 1)
    return f"ops_linear.hardmax(ops_linear.as_matrix({x}, {axis}), 1).reshape({x}.size())"


@operator("CDist", domain=MICROSOFT)
def cdist(call: Call) -> str:
    """Distances between rows: ONNX Runtime's own operator, for nearest neighbours."""
    metric = call.text("metric", "sqeuclidean")
    if metric not in ("euclidean", "sqeuclidean"):
        call.refuse(f"metric={metric!r} is not implemented")
    return f"ops_linear.cdist({call.input(0)}, {call.input(1)}, {metric == 'sqeuclidean'})"
