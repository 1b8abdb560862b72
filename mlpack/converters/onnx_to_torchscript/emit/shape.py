"""Operators that read or change shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpack.converters.onnx_to_torchscript.program import Expression, Kind
from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import literal, torch_dtype

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

NO_END = 2**31 - 1


@operator("Shape")
def shape(call: Call) -> str:
    """Shape, or a range of it."""
    return f"ops_shape.shape({call.input(0)}, {call.integer('start')}, {call.integer('end', NO_END)})"


@operator("Size")
def size(call: Call) -> str:
    """Number of elements."""
    return f"ops_shape.size({call.input(0)})"


@operator("Reshape")
def reshape(call: Call) -> str:
    """Reshape, to a literal shape or one computed in the graph."""
    call.ignore("consumed_inputs")
    target = literal(call.integers("shape")) if call.has_attribute("shape") else call.int_list(1)
    return f"ops_shape.reshape({call.input(0)}, {target}, {call.flag('allowzero')})"


@operator("Flatten")
def flatten(call: Call) -> str:
    """Flatten to a matrix."""
    return f"ops_shape.flatten({call.input(0)}, {call.integer('axis', 1)})"


@operator("Transpose")
def transpose(call: Call) -> str:
    """Permute axes."""
    order = call.integers("perm")
    return f"{call.input(0)}.permute({literal(order)})" if order else f"ops_shape.transpose({call.input(0)})"


@operator("Squeeze")
def squeeze(call: Call) -> str:
    """Drop axes of size one."""
    axes = call.axes(1)
    if axes is None:
        return f"ops_shape.squeeze_all({call.input(0)})"
    return f"ops_shape.squeeze({call.input(0)}, {axes})"


@operator("Unsqueeze")
def unsqueeze(call: Call) -> str:
    """Insert axes of size one."""
    axes = call.axes(1)
    if axes is None:
        call.refuse("axes are missing")
    return f"ops_shape.unsqueeze({call.input(0)}, {axes})"


@operator("Expand")
def expand(call: Call) -> str:
    """Broadcast to a shape."""
    return f"ops_shape.expand({call.input(0)}, {call.int_list(1)})"


@operator("Tile")
def tile(call: Call) -> str:
    """Repeat along each axis."""
    if call.opset < 6:
        call.refuse("Tile before operator set 6 is not implemented")
    return f"{call.input(0)}.repeat({call.int_list(1)})"


@operator("Concat")
def concat(call: Call) -> str:
    """Concatenate along an axis (1 unless told, before operator set 4)."""
    return f"torch.cat([{', '.join(call.inputs())}], {call.integer('axis', 1)})"


@operator("Split")
def split(call: Call) -> Expression:
    """Split into given or equal sizes."""
    axis, count = call.integer("axis"), len(call.outputs())
    call.ignore("num_outputs")  # the number of outputs of the node says the same
    sizes = call.axes(1, "split")
    if sizes is None:
        text = f"ops_shape.split_evenly({call.input(0)}, {count}, {axis})"
    else:
        text = f"ops_shape.split({call.input(0)}, {sizes}, {axis})"
    tensor: Kind = "Tensor"
    return Expression(text if count > 1 else f"{text}[0]", (tensor,) * count)


@operator("Pad")
def pad(call: Call) -> str:
    """Pad with a constant or with the tensor's own elements."""
    mode, x = call.text("mode", "constant"), call.input(0)
    if call.opset < 2:
        call.refuse("Pad before operator set 2 is not implemented")
    pads = call.axes(1, "pads")
    if pads is None:
        call.refuse("pads are missing")
    if call.has(3):
        pads = f"ops_shape.pads_on_axes({pads}, {call.int_list(3)}, {x}.dim())"
    if mode == "constant":
        if call.has(2):
            return f"ops_shape.constant_pad({x}, {pads}, {call.input(2)})"
        value = call.buffer("value", np.asarray(call.real("value"), np.float32))
        return f"ops_shape.constant_pad({x}, {pads}, {value})"
    call.ignore("value")
    call.ignore_input(2)
    if mode not in ("reflect", "edge", "wrap"):
        call.refuse(f"mode={mode!r} is not implemented")
    return f"ops_shape.index_pad({x}, {pads}, {mode!r})"


@operator("DepthToSpace")
def depth_to_space(call: Call) -> str:
    """Channels to blocks of pixels."""
    mode = call.text("mode", "DCR")
    if mode not in ("DCR", "CRD"):
        call.refuse(f"mode={mode!r} is not implemented")
    return f"ops_shape.depth_to_space({call.input(0)}, {call.integer('blocksize')}, {mode == 'CRD'})"


@operator("SpaceToDepth")
def space_to_depth(call: Call) -> str:
    """Blocks of pixels to channels."""
    if call.text("mode", "DCR") != "DCR":
        call.refuse("mode='CRD' is not implemented")
    return f"ops_shape.space_to_depth({call.input(0)}, {call.integer('blocksize')})"


@operator("Trilu")
def trilu(call: Call) -> str:
    """A triangle of each matrix."""
    diagonal = f"int({call.input(1)})" if call.has(1) else "0"
    return f"ops_shape.trilu({call.input(0)}, {call.flag('upper', default=True)}, {diagonal})"


@operator("EyeLike")
def eye_like(call: Call) -> str:
    """Ones on a diagonal."""
    x = call.input(0)
    dtype = torch_dtype(call.integer("dtype")) if call.has_attribute("dtype") else f"{x}.dtype"
    return f"ops_shape.eye_like({x}, {dtype}, {call.integer('k')})"


@operator("Range")
def arange(call: Call) -> str:
    """start, start + delta, … below limit."""
    call.ignore("stash_type")
    return f"ops_shape.arange({call.input(0)}, {call.input(1)}, {call.input(2)})"


@operator("ConstantOfShape")
def constant_of_shape(call: Call) -> str:
    """One value in a shape computed in the graph."""
    value = call.tensor("value")
    array = np.zeros(1, np.float32) if value is None else value
    return f"{call.buffer('value', array.reshape(()))}.expand({call.int_list(0)}).clone()"
