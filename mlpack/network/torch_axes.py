"""The signature of a torch module, found by running it: at which sizes it answers, and what its outputs follow."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlpack.network.torch_candidates import Candidate, candidates_of, has_sequence_layers, layers_of
from mlpack.runtime.signature import Dim, Signature, TensorSpec
from mlpack.runtime.torch_values import named_leaves

if TYPE_CHECKING:
    import torch

Tensors = Sequence["torch.Tensor"]
Leaves = list[tuple[str, Any]]
Call = Callable[[Tensors], Leaves]
Axis = tuple[int, int]
"""An input's position and one of its axes."""

_GROWTH = (1, 3)  # a size that a stride or a patch does not divide has to work as well, or the axis is not free
_TRIALS = 3000


def caller(module: Any) -> Call:
    """``module`` as a function from tensors to named tensors, without gradients."""
    import torch

    def call(tensors: Tensors) -> Leaves:
        with torch.inference_mode():
            return named_leaves(module(*tensors))

    return call


def find_example(module: Any, call: Call, inputs: int, dtype: torch.dtype) -> list[torch.Tensor] | None:
    """Inputs that the module answers, guessed from its layers; None where no guess works.

    Of a module with attention or recurrent layers, inputs whose rows do not mix are preferred: such layers also take one
    sequence without a batch.
    """
    mixes = has_sequence_layers(module)
    second_choice = None
    for candidates in itertools.islice(_guesses(module, inputs), _TRIALS):
        example = [candidate.tensor(dtype) for candidate in candidates]
        if not _answers_either_way(call, example):
            continue
        axis = _batch_axis(call, example) if mixes else 0
        if axis == 0 or (axis == 1 and all(candidate.sequence for candidate in candidates)):
            return example
        second_choice = second_choice or example
    return second_choice


def describe(
    call: Call, example: list[torch.Tensor], names: Sequence[str], widths: frozenset[int] = frozenset()
) -> Signature:
    """The signature of a module that answers ``example`` (3 rows), its inputs called ``names``.

    A last axis whose size is in ``widths`` is fixed without a trial: recurrent layers in TorchScript do not check theirs, and
    compute something from whatever lies behind their weights.

    The batch is the first axis on which rows do not mix. An axis gets a name where other sizes of it were answered too;
    an output's axis gets the name of the input's axis whose size it always has, or one of its own where it just varies.

    Raises what the module raises on ``example``.
    """
    base = call(example)
    found = _Findings(names, [list(leaf.shape) if hasattr(leaf, "shape") else [] for _, leaf in base])
    batch_axis = _batch_axis(call, example)
    batch = _axes_like(example, 0 if batch_axis is None else batch_axis)
    if _found_free(call, example, batch, "batch", found, sizes=(1, 2, 5)):
        found.inputs.update(dict.fromkeys(batch, "batch"))
    taken = {"batch"}
    for axes in _groups(example, batch):
        position, axis = axes[0]
        if axis == example[position].dim() - 1 and example[position].shape[axis] in widths:
            continue
        name = _axis_name(example, axes[0], names, taken)
        if _found_free(call, example, axes, name, found):
            found.inputs.update(dict.fromkeys(axes, name))
            taken.add(name)
    inputs = tuple(
        TensorSpec(name, _dtype(tensor), found.input_shape(position, tensor))
        for position, (name, tensor) in enumerate(zip(names, example, strict=True))
    )
    outputs = tuple(
        # In ONNX, inputs and outputs share one set of names.
        TensorSpec(f"{name}_output" if name in names else name, _dtype(leaf), found.output_shape(position, name))
        for position, (name, leaf) in enumerate(base)
    )
    return Signature(inputs, outputs)


@dataclass
class _Findings:
    """What is known so far: names of free axes of the inputs, and of the outputs' axes that follow them."""

    names: Sequence[str]
    base: list[list[int]]
    inputs: dict[Axis, str] = field(default_factory=dict)
    outputs: dict[Axis, str] = field(default_factory=dict)
    varying: set[Axis] = field(default_factory=set)

    def input_shape(self, position: int, tensor: torch.Tensor) -> tuple[Dim, ...]:
        return tuple(self.inputs.get((position, axis), size) for axis, size in enumerate(tensor.shape))

    def output_shape(self, position: int, name: str) -> tuple[Dim, ...]:
        return tuple(
            f"{name}_axis_{axis}" if (position, axis) in self.varying else self.outputs.get((position, axis), size)
            for axis, size in enumerate(self.base[position])
        )

    def learn(self, name: str, old: int, sized: Mapping[int, Leaves]) -> None:
        """Note how the outputs' shapes answered to the sizes that the axis ``name`` was given."""
        for position, shape in enumerate(self.base):
            for axis, before in enumerate(shape):
                after = {size: leaves[position][1].shape[axis] for size, leaves in sized.items()}
                if all(now == before for now in after.values()):
                    continue
                follows = before == old and all(now == size for size, now in after.items())
                if follows and (position, axis) not in self.outputs:
                    self.outputs[position, axis] = name
                else:
                    self.varying.add((position, axis))


def _guesses(module: Any, inputs: int) -> Iterator[tuple[Candidate, ...]]:
    layers = layers_of(module)
    if inputs == 1:
        seen = dict.fromkeys(candidate for layer in layers for candidate in candidates_of(layer))
        yield from ((candidate,) for candidate in seen)
        return
    seen = dict.fromkeys(candidate for layer in layers for candidate in candidates_of(layer, few=True))
    yield from itertools.product(seen, repeat=inputs)


def _answers(call: Call, tensors: Tensors) -> Leaves | None:
    try:
        return call(tensors) or None
    except Exception:  # noqa: BLE001 - a module may raise anything on inputs that are not its own; that is the question
        return None


def _answers_either_way(call: Call, tensors: Tensors) -> bool:
    """Whether the module answers, with the signs of the floats turned as well: a branch may hide the layer that objects."""
    turned = [-tensor if tensor.is_floating_point() else tensor for tensor in tensors]
    return _answers(call, turned) is not None and _answers(call, tensors) is not None


def _batch_axis(call: Call, example: list[torch.Tensor]) -> int | None:
    """The axis, 0 or 1, on which rows do not mix: the first of them alone is answered as it is among the others."""
    import torch

    together = _answers(call, example)
    for axis in (0, 1):
        if together is None or any(tensor.dim() <= axis for tensor in example):
            return None
        alone = _answers(call, [tensor.narrow(axis, 0, 1) for tensor in example])
        if alone is None or len(alone) != len(together):
            continue
        pairs = [(one, _first_along(many, one)) for (_, one), (_, many) in zip(alone, together, strict=True)]
        if all(
            first is not None and torch.allclose(one.double(), first.double(), rtol=1e-3, atol=1e-4, equal_nan=True)
            for one, first in pairs
        ):
            return axis
    return None


def _first_along(many: Any, one: Any) -> Any | None:
    """The part of ``many`` that stands for the one row that ``one`` is; None where shapes do not tell."""
    if not hasattr(many, "shape") or many.dim() != one.dim():
        return None
    axes = [axis for axis in range(many.dim()) if many.shape[axis] != one.shape[axis]]
    if not axes:
        return None
    return many.narrow(axes[0], 0, 1) if len(axes) == 1 and one.shape[axes[0]] == 1 else None


def _axes_like(example: list[torch.Tensor], axis: int) -> list[Axis]:
    """That axis of every input that has as many rows there as the first."""
    rows = example[0].shape[axis] if example[0].dim() > axis else None
    return [
        (position, axis)
        for position, tensor in enumerate(example)
        if tensor.dim() > axis and tensor.shape[axis] == rows
    ]


def _groups(example: list[torch.Tensor], batch: list[Axis]) -> list[list[Axis]]:
    """The other axes, those of several inputs together where place and size agree: a mask goes with its sequence."""
    groups: dict[tuple[int, int], list[Axis]] = {}
    for position, tensor in enumerate(example):
        for axis in range(tensor.dim()):
            if (position, axis) not in batch:
                groups.setdefault((axis, tensor.shape[axis]), []).append((position, axis))
    return list(groups.values())


def _found_free(
    call: Call, example: list[torch.Tensor], axes: list[Axis], name: str, found: _Findings, sizes: Sequence[int] = ()
) -> bool:
    """Whether the module answers other sizes of ``axes`` (all at once); if so, what its outputs do is noted."""
    if not axes:
        return False
    position, axis = axes[0]
    old = example[position].shape[axis]
    answers: dict[int, Leaves] = {}
    for size in sizes or tuple(old + growth for growth in _GROWTH):
        resized = _resized(example, axes, size)
        answer = _answers(call, resized) if _answers_either_way(call, resized) else None
        if answer is None or [leaf.dim() for _, leaf in answer] != [len(shape) for shape in found.base]:
            return False
        answers[size] = answer
    found.learn(name, old, answers)
    return True


def _resized(example: list[torch.Tensor], axes: list[Axis], size: int) -> list[torch.Tensor]:
    import torch

    resized = list(example)
    for position, axis in axes:
        tensor = resized[position]
        resized[position] = tensor.index_select(axis, torch.arange(size) % tensor.shape[axis])
    return resized


def _axis_name(example: list[torch.Tensor], axis: Axis, names: Sequence[str], taken: set[str]) -> str:
    position, at = axis
    tensor = example[position]
    plain = f"axis_{at}"
    if tensor.dim() == 4 and at >= 2:
        plain = ("height", "width")[at - 2]
    elif tensor.dim() in {2, 3} and at < 2 and (tensor.dim() == 3 or not tensor.is_floating_point()):
        plain = "sequence"
    elif tensor.dim() == 3:
        plain = "length"
    return plain if plain not in taken else f"{names[position]}_{plain}"


def _dtype(leaf: Any) -> str:
    import numpy as np

    return str(leaf.dtype).removeprefix("torch.") if hasattr(leaf, "dtype") else np.asarray(leaf).dtype.name
