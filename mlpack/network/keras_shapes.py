"""The signature of a Keras model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlpack.runtime.keras_session import declared_input, declared_output, packed
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Dim, Signature, TensorSpec

_MADE_UP = re.compile(r"(keras_tensor|input_layer|input)(_\d+)?(CLONE)?")
_SIZES = (11, 13)


def declared_signature(model: Any) -> Signature:
    """The signature of a Sequential or functional model.

    Names that Keras made up become ``input`` (``input_0``, ``input_1`` …) and ``output``; outputs in a dict keep their keys.
    Axes of unknown size are named, the first ``batch``; an output's axis gets an input's name where it follows it, which is
    computed symbolically.
    """
    import keras

    tensors = keras.tree.flatten(declared_input(model))
    names = _input_names(model, tensors)
    inputs = _input_specs(tensors, names)
    sized = [_output_shapes(model, inputs, size) for size in _SIZES]
    outputs = keras.tree.flatten(declared_output(model))
    shapes = [
        tuple(_output_dim(axis, dim, sized, index, inputs) for axis, dim in enumerate(tensor.shape))
        for index, tensor in enumerate(outputs)
    ]
    specs = tuple(
        TensorSpec(name, _dtype(tensor), _named_first(name, shape))
        for name, tensor, shape in zip(_output_names(model, names, outputs), outputs, shapes, strict=True)
    )
    return Signature(inputs, specs)


def subclass_signature(model: Any, sample: Feed | None) -> Signature | None:
    """The signature of a model that declares nothing, by running it; None where nothing says what to run it on."""
    import keras

    example = dict(sample) if sample else _as_built(model)
    if example is None:
        return None
    specs = tuple(TensorSpec(name, array.dtype.name, ("batch", *array.shape[1:])) for name, array in example.items())
    tensors: Any = [keras.ops.convert_to_tensor(array) for array in example.values()]
    if len(tensors) == 1:
        tensors = tensors[0]
    answer = model(tensors, training=False)
    leaves = keras.tree.flatten(answer)
    names = _answer_names(answer, len(leaves), [spec.name for spec in specs])
    outputs = tuple(
        TensorSpec(name, _dtype(leaf), ("batch", *(int(size) for size in leaf.shape[1:])))
        for name, leaf in zip(names, leaves, strict=True)
    )
    return Signature(specs, outputs)


def _input_names(model: Any, tensors: Sequence[Any]) -> list[str]:
    structure = declared_input(model)
    if isinstance(structure, Mapping):
        return [str(key) for key in sorted(structure)]
    if len(tensors) == 1:
        return ["input" if _MADE_UP.fullmatch(tensors[0].name) else tensors[0].name]
    return [f"input_{i}" if _MADE_UP.fullmatch(tensor.name) else tensor.name for i, tensor in enumerate(tensors)]


def _output_names(model: Any, inputs: Sequence[str], outputs: Sequence[Any]) -> list[str]:
    return _answer_names(declared_output(model), len(outputs), inputs, getattr(model, "output_names", None))


def _answer_names(answer: Any, count: int, inputs: Sequence[str], layers: Sequence[str] | None = None) -> list[str]:
    if isinstance(answer, Mapping) and len(answer) == count:
        names = [str(key) for key in sorted(answer)]
    elif count == 1:
        names = ["output"]
    elif layers is not None and len(set(layers)) == count:
        names = list(layers)
    else:
        names = [f"output_{index}" for index in range(count)]
    # In ONNX, inputs and outputs share one set of names.
    return [f"{name}_output" if name in inputs else name for name in names]


def _input_specs(tensors: Sequence[Any], names: Sequence[str]) -> tuple[TensorSpec, ...]:
    sequences = [tensor for tensor in tensors if len(tensor.shape) > 1 and tensor.shape[1] is None]
    return tuple(
        TensorSpec(
            name,
            _dtype(tensor),
            tuple(
                _input_dim(axis, dim, len(tensor.shape), name if len(sequences) > 1 else "")
                for axis, dim in enumerate(tensor.shape)
            ),
        )
        for tensor, name in zip(tensors, names, strict=True)
    )


def _input_dim(axis: int, dim: int | None, rank: int, owner: str) -> Dim:
    if dim is not None:
        return int(dim)
    if axis == 0:
        return "batch"
    name = f"axis_{axis}"
    if rank == 4 and axis in {1, 2}:
        name = ("height", "width")[axis - 1]
    elif rank in {2, 3} and axis == 1:
        name = "sequence"
    return f"{owner}_{name}" if owner else name


def _output_shapes(model: Any, inputs: Sequence[TensorSpec], size: int) -> list[tuple[int | None, ...]] | None:
    """Output shapes with every named axis of the inputs of its own size; None where the model cannot tell them."""
    import keras

    sizes = _axis_sizes(inputs, size)
    tensors = [
        keras.KerasTensor([dim if isinstance(dim, int) else sizes[dim] for dim in spec.shape], spec.dtype)
        for spec in inputs
    ]
    try:
        answer = model.compute_output_spec(packed(model, tensors), training=False)
    except Exception:  # noqa: BLE001 - layers of all makers compute their shapes; one that cannot leaves its axes unnamed
        return None
    return [tuple(leaf.shape) for leaf in keras.tree.flatten(answer)]


def _axis_sizes(inputs: Sequence[TensorSpec], size: int) -> dict[str, int]:
    """Sizes no two axes share: a multiple of ``size`` for each name."""
    names = dict.fromkeys(dim for spec in inputs for dim in spec.shape if isinstance(dim, str))
    return {name: size * (position + 3) for position, name in enumerate(names)}


def _output_dim(
    axis: int,
    dim: int | None,
    sized: Sequence[list[tuple[int | None, ...]] | None],
    index: int,
    inputs: Sequence[TensorSpec],
) -> Dim | None:
    if dim is not None:
        return int(dim)
    found = [shapes[index][axis] if shapes is not None else None for shapes in sized]
    for name in _axis_sizes(inputs, 1):
        if found == [_axis_sizes(inputs, size)[name] for size in _SIZES]:
            return name
    if None not in found and len(set(found)) == 1:
        return found[0]
    return "batch" if axis == 0 else None


def _named_first(name: str, shape: Sequence[Dim | None]) -> tuple[Dim, ...]:
    return tuple(f"{name}_axis_{axis}" if dim is None else dim for axis, dim in enumerate(shape))


def _as_built(model: Any) -> dict[str, np.ndarray] | None:
    """Zeros in the shape that the model was built for, which a .keras file records."""
    config = model.get_build_config() if hasattr(model, "get_build_config") else None
    shape = (config or {}).get("input_shape")
    if not isinstance(shape, (list, tuple)) or not all(dim is None or isinstance(dim, int) for dim in shape):
        return None
    return {"input": np.zeros([2, *(8 if dim is None else dim for dim in shape[1:])], dtype=model.compute_dtype)}


def _dtype(tensor: Any) -> str:
    import keras

    dtype = tensor.dtype
    return dtype if isinstance(dtype, str) else keras.backend.standardize_dtype(dtype)
