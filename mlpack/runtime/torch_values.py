"""NumPy arrays to torch tensors and back, and the flattening of what a torch module returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .session import Array, Feed, Outputs
from .signature import TensorSpec

if TYPE_CHECKING:
    import torch


def tensor_of(array: Array) -> torch.Tensor:
    """``array`` as a tensor of the same dtype, sharing its memory where torch can.

    Raises TypeError for strings and objects.
    """
    import torch

    if array.dtype.kind in "OUSMm":
        raise TypeError(f"torch takes numbers, and this input holds {array.dtype}")
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(np.array(array).view(np.int16)).view(torch.bfloat16)
    # torch refuses negative strides and foreign byte orders, and warns of memory that it must not write to.
    native = np.require(array, dtype=array.dtype.newbyteorder("="), requirements=["C", "W"])
    return torch.from_numpy(native.reshape(array.shape))


def array_of(value: torch.Tensor | float) -> Array:
    """A tensor, or a Python number that a module returned, as an array that nothing else writes to."""
    import torch

    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    tensor = value.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        import ml_dtypes

        bits: Array = tensor.contiguous().view(torch.int16).numpy()
        return bits.view(ml_dtypes.bfloat16)
    array: Array = tensor.resolve_conj().resolve_neg().numpy()
    return array


def named_leaves(result: Any) -> list[tuple[str, Any]]:
    """The tensors in what a module returned, with their names, in order.

    One tensor is ``output``, tuples and lists are ``output_0``, ``output_1`` …, counted through nested ones; mappings,
    named tuples and dataclasses give their own names. None is left out.
    """
    import torch

    if isinstance(result, (torch.Tensor, int, float)):
        return [("output", result)]
    named = _fields(result)
    if named is not None:
        return [leaf for key, value in named.items() for leaf in _below(str(key), value)]
    return [(f"output_{index}", leaf) for index, leaf in enumerate(_flat(result))]


def named_outputs(result: Any, outputs: tuple[TensorSpec, ...]) -> Outputs:
    """The arrays in what a module returned, under the names of ``outputs`` where these are as many.

    Names of the module's own win when they are the same names in another order.
    """
    leaves = named_leaves(result)
    wanted = [spec.name for spec in outputs]
    if len(wanted) == len(leaves) and {name for name, _ in leaves} != set(wanted):
        leaves = [(name, value) for name, (_, value) in zip(wanted, leaves, strict=True)]
    return {name: array_of(value) for name, value in leaves}


def positional(inputs: tuple[TensorSpec, ...], feed: Feed) -> list[torch.Tensor]:
    """The tensors of ``feed`` in the order of ``inputs``. Raises KeyError for one that is missing."""
    missing = [spec.name for spec in inputs if spec.name not in feed]
    if missing:
        raise KeyError(f"the feed lacks {', '.join(missing)}")
    return [tensor_of(feed[spec.name]) for spec in inputs]


def _fields(result: Any) -> Mapping[Any, Any] | None:
    if isinstance(result, Mapping):
        return result
    if isinstance(result, tuple) and hasattr(result, "_asdict"):
        fields: dict[str, Any] = result._asdict()
        return fields
    if hasattr(result, "__dataclass_fields__"):
        return {name: getattr(result, name) for name in result.__dataclass_fields__}
    return None


def _below(name: str, value: Any) -> list[tuple[str, Any]]:
    leaves = list(_flat(value))
    if not isinstance(value, (list, tuple, Mapping)):
        return [(name, leaf) for leaf in leaves]
    return [(f"{name}_{index}", leaf) for index, leaf in enumerate(leaves)]


def _flat(value: Any) -> Iterator[Any]:
    if value is None:
        return
    fields = _fields(value)
    if fields is not None:
        value = list(fields.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
        return
    if isinstance(value, str):
        raise TypeError("a module that returns text is not one that predicts tensors")
    yield value
