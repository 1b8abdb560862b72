"""ONNX values as numpy arrays, torch tensors and TorchScript literals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpack.converters.onnx_to_torchscript.errors import NoEquivalent

if TYPE_CHECKING:
    import onnx
    import torch

# onnx.TensorProto.DataType → the name of the torch dtype. uint16/32/64 are left out: torch can hold them, and has
# hardly any kernels for them (https://docs.pytorch.org/docs/stable/tensors.html, "limited support").
TORCH_DTYPES: dict[int, str] = {
    1: "float32",
    2: "uint8",
    3: "int8",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
}
STRING = 8
EMPTY = "torch.jit.annotate(List[int], [])"


def torch_dtype(data_type: int) -> str:
    """The TorchScript spelling of an ONNX element type; refuses those without an exact equivalent."""
    if data_type == STRING:
        raise NoEquivalent("string tensors have no TorchScript equivalent")
    if data_type not in TORCH_DTYPES:
        raise NoEquivalent(f"element type {type_name(data_type)} has no exact torch equivalent")
    return f"torch.{TORCH_DTYPES[data_type]}"


def type_name(data_type: int) -> str:
    """FLOAT, STRING, FLOAT8E4M3FN, … for an onnx.TensorProto.DataType."""
    import onnx

    return str(onnx.TensorProto.DataType.Name(data_type))


def array_of(tensor: onnx.TensorProto) -> np.ndarray:
    """The numpy array that a TensorProto holds; refuses strings and sub-byte or float8 element types."""
    from onnx import numpy_helper

    torch_dtype(tensor.data_type)
    return np.asarray(numpy_helper.to_array(tensor))


def tensor_of(array: np.ndarray) -> torch.Tensor:
    """A torch tensor with the array's own dtype (bfloat16 through its bits) and its own memory."""
    import torch

    array = np.ascontiguousarray(array).reshape(array.shape)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def literal(value: object) -> str:
    """TorchScript source for a bool, int, float, str, or a (nested) sequence of them."""
    if isinstance(value, (list, tuple)):
        if not value:
            return EMPTY  # an empty list is a List[Tensor] to TorchScript unless told
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, float):
        return float_literal(value)
    if isinstance(value, (bool, int, str)):
        return repr(value)
    raise TypeError(f"no TorchScript literal for {value!r}")


def float_literal(value: float) -> str:
    """Source for a float; TorchScript has no nan or inf literal but parses calls of float()."""
    if np.isfinite(value):
        return repr(float(value))
    return f'float("{value}")'
