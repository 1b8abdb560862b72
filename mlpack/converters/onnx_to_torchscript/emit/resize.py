"""Resize and its predecessor Upsample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import EMPTY, float_literal, literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

NO_FLOATS = "torch.jit.annotate(List[float], [])"
MODES = ("nearest", "linear", "cubic")
COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
)
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
POLICIES = ("stretch", "not_larger", "not_smaller")


def _floats(call: Call, index: int) -> str:
    """A float input as List[float]; absent or empty, an empty one."""
    if not call.has(index):
        return NO_FLOATS
    array = call.constant(index)
    if array is None:
        return f"ops_resize.float_list({call.input(index)})"
    return literal([float(item) for item in array.ravel()]) if array.size else NO_FLOATS


def _choice(call: Call, name: str, default: str, known: tuple[str, ...]) -> str:
    value = call.text(name, default)
    if value not in known:
        call.refuse(f"{name}={value!r} is not implemented")
    return repr(value)


@operator("Resize")
def resize(call: Call) -> str:
    """Resize (operator set 10 had fewer inputs and one coordinate mode)."""
    first = 2 if call.opset >= 11 else 1
    scales = _floats(call, first)
    sizes = call.int_list(3) if call.has(3) else EMPTY
    if call.opset < 11:
        return _resize(call, scales, EMPTY, NO_FLOATS, "'asymmetric'", "'floor'")
    coordinates = _choice(call, "coordinate_transformation_mode", "half_pixel", COORDINATES)
    rounding = _choice(call, "nearest_mode", "round_prefer_floor", ROUNDINGS)
    roi = _floats(call, 1)
    return _resize(call, scales, sizes, roi, coordinates, rounding)


@operator("Upsample")
def upsample(call: Call) -> str:
    """Upsample, superseded in operator set 10."""
    scales = literal(call.reals("scales")) if call.has_attribute("scales") else _floats(call, 1)
    return _resize(call, scales, EMPTY, NO_FLOATS, "'asymmetric'", "'floor'")


def _resize(call: Call, scales: str, sizes: str, roi: str, coordinates: str, rounding: str) -> str:
    mode = _choice(call, "mode", "nearest", MODES)
    axes = literal(call.integers("axes"))
    cubic, extrapolation = call.real("cubic_coeff_a", -0.75), call.real("extrapolation_value")
    policy = _choice(call, "keep_aspect_ratio_policy", "stretch", POLICIES)
    return (
        f"ops_resize.resize({call.input(0)}, {scales}, {sizes}, {axes}, {roi}, {mode}, {coordinates}, {rounding}, "
        f"{float_literal(cubic)}, {call.flag('exclude_outside')}, {float_literal(extrapolation)}, "
        f"{call.flag('antialias')}, {policy})"
    )


@operator("GridSample")
def grid_sample(call: Call) -> str:
    """Sample at given coordinates; torch's own operator, after which the standard's is modelled."""
    modes = {"linear": 0, "bilinear": 0, "nearest": 1, "cubic": 2, "bicubic": 2}
    paddings = {"zeros": 0, "border": 1, "reflection": 2}
    mode, padding = call.text("mode", "linear"), call.text("padding_mode", "zeros")
    if mode not in modes or padding not in paddings:
        call.refuse(f"mode={mode!r} with padding_mode={padding!r} is not implemented")
    corners = call.flag("align_corners")
    return f"torch.grid_sampler({call.input(0)}, {call.input(1)}, {modes[mode]}, {paddings[padding]}, {corners})"
