"""What frameworks ask of a torch module, scripted or not: its signature, its hints, its double."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpack.core.errors import UsageError
from mlpack.core.framework import ColumnHint, InputHints, asks_for_missing
from mlpack.network.torch_axes import caller, describe, find_example
from mlpack.network.torch_candidates import ROWS, recurrent_widths, vocabularies_of
from mlpack.runtime.session import Array, Feed, Session
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.runtime.torch_values import tensor_of

if TYPE_CHECKING:
    import torch


def signature_of(module: Any, names: Sequence[str], sample: Feed | None) -> Signature:
    """The signature of a module in evaluation mode whose inputs are called ``names``.

    ``sample`` is fed under its own names where they fit, else in its order. Raises UsageError where the module does not
    answer the sample, or where there is none and no guess from the layers is answered.
    """
    dtype = _dtype(module)
    if sample is not None:
        names, example = _from_sample(module, names, sample, dtype)
        return describe(_keyed(module, names), example, names, recurrent_widths(module))
    found = find_example(module, caller(module), len(names), dtype) if names else None
    if found is None:
        raise UsageError(
            f"{_title(module)} does not say what its inputs are",
            why=f"forward takes {', '.join(names) or 'nothing'}; no guess from its layers was answered",
            hint="pass --data with a sample of the inputs (.npz with one array for each)",
        )
    return describe(caller(module), found, names, recurrent_widths(module))


def hints_of(module: Any, signature: Signature) -> InputHints:
    """The largest whole number that each integer input takes, found by trying the sizes of the embedding tables."""
    columns: dict[str, tuple[ColumnHint, ...]] = {}
    sizes = vocabularies_of(module)
    normalised = _first_norm(module, signature)
    for spec in signature.inputs:
        if "int" in spec.dtype:
            limit = _limit(module, signature, spec.name, sizes)
            if limit is not None:
                columns[spec.name] = (ColumnHint(low=0.0, high=float(limit - 1), integral=True),)
        elif normalised is not None:
            columns[spec.name] = normalised
    return InputHints(columns, takes_missing=asks_for_missing(_source(module)))


def _source(module: Any) -> str:
    """The code of a module and all inside it: of a script as TorchScript has it, else of the classes, where it can be had."""
    import inspect

    import torch

    if isinstance(module, torch.jit.ScriptModule):
        return str(module.inlined_graph)
    found = []
    for kind in {type(part) for part in module.modules()} - _library_classes(module):
        try:
            found.append(inspect.getsource(kind))
        except (OSError, TypeError):
            continue  # a class typed into an interpreter has no source to look at
    return "\n".join(found)


def _library_classes(module: Any) -> set[type]:
    """The classes of torch itself: what they do with values that are not finite is arithmetic."""
    return {type(part) for part in module.modules() if type(part).__module__.startswith("torch.nn.")}


def in_double(module: Any, signature: Signature, open_session: Callable[[Any, Signature], Session]) -> Session | None:
    """``module``, a copy, in float64, opened; None where it does not answer in float64."""
    doubled = Signature(
        tuple(TensorSpec(spec.name, "float64", spec.shape) if spec.is_floating else spec for spec in signature.inputs),
        signature.outputs,
    )
    session = open_session(module.double(), doubled)
    try:
        answers = session.run(_ones(doubled))
    except Exception:  # noqa: BLE001 - a module that casts by itself raises what it likes; then there is no double
        return None
    floats = [array for array in answers.values() if array.dtype.kind == "f"]
    return session if floats and all(array.dtype == np.float64 for array in floats) else None


def _from_sample(
    module: Any, names: Sequence[str], sample: Feed, dtype: torch.dtype
) -> tuple[tuple[str, ...], list[torch.Tensor]]:
    fed = _as_named(sample, names)
    reasons = []
    for cast in (True, False):
        try:
            example = [_three_rows(_cast(array, dtype, floats_only=cast)) for array in fed.values()]
            _keyed(module, tuple(fed))(example)
        except Exception as error:  # noqa: BLE001 - the module's own words say best what it does not like
            reasons.append(f"{type(error).__name__}: {error}".splitlines()[0][:300])
        else:
            return tuple(fed), example
    raise UsageError(
        f"{_title(module)} does not answer the sample",
        why=reasons[0],
        hint="pass --data with the inputs as forward takes them (.npz with one array for each)",
    )


def _as_named(sample: Feed, names: Sequence[str]) -> dict[str, Array]:
    if len(sample) == len(names) and set(sample) != set(names):
        return {name: np.asarray(array) for name, array in zip(names, sample.values(), strict=True)}
    ordered = [name for name in names if name in sample] + [name for name in sample if name not in names]
    return {name: np.asarray(sample[name]) for name in ordered}


def _keyed(module: Any, names: Sequence[str]) -> Callable[[Any], list[tuple[str, Any]]]:
    """The module as a function of tensors; those that ``forward`` has a default for go by their names."""
    from mlpack.runtime.torch_session import keywords
    from mlpack.runtime.torch_values import named_leaves

    optional = keywords(module, names)

    def call(tensors: Any) -> list[tuple[str, Any]]:
        import torch

        pairs = list(zip(names, tensors, strict=True))
        plain = [tensor for name, tensor in pairs if name not in optional]
        with torch.inference_mode():
            return named_leaves(module(*plain, **{name: tensor for name, tensor in pairs if name in optional}))

    return call


def _three_rows(tensor: torch.Tensor) -> torch.Tensor:
    import torch

    if not tensor.dim() or not len(tensor):
        return tensor
    return tensor.index_select(0, torch.arange(ROWS) % len(tensor))


def _cast(array: Array, dtype: torch.dtype, *, floats_only: bool) -> torch.Tensor:
    tensor = tensor_of(array)
    return tensor.to(dtype) if tensor.is_floating_point() or not floats_only else tensor


def _dtype(module: Any) -> torch.dtype:
    import torch

    floating = [weight.dtype for weight in module.parameters() if weight.is_floating_point()]
    floating += [buffer.dtype for buffer in module.buffers() if buffer.is_floating_point()]
    return floating[0] if floating else torch.get_default_dtype()


def _limit(module: Any, signature: Signature, name: str, sizes: Sequence[int]) -> int | None:
    """The table's size at which the module stops answering; None where it answers beyond them all."""
    call = caller(module)
    for size in sizes:
        feed = _ones(signature)
        feed[name] = np.full_like(feed[name], size)
        try:
            call([tensor_of(feed[spec.name]) for spec in signature.inputs])
        except (IndexError, RuntimeError):
            return size
    return None


def _ones(signature: Signature) -> dict[str, Array]:
    """Two rows of zeros for whole numbers, of ones for others; 8 (images: 32) on every other free axis."""
    feed: dict[str, Array] = {}
    for spec in signature.inputs:
        free = 32 if len(spec.shape) >= 4 else 8
        shape = [dim if isinstance(dim, int) else 2 if dim == "batch" else free for dim in spec.shape]
        feed[spec.name] = (np.ones if spec.is_floating else np.zeros)(shape, dtype=spec.dtype)
    return feed


def _first_norm(module: Any, signature: Signature) -> tuple[ColumnHint, ...] | None:
    """Mean and deviation for each column, where the very first layer with weights is a BatchNorm over columns."""
    first = next(
        (part for part in module.modules() if next(iter(part.parameters(recurse=False)), None) is not None), None
    )
    kind = getattr(first, "original_name", type(first).__name__)
    if len(signature.inputs) != 1 or kind not in {"BatchNorm1d", "BatchNorm2d"} or first is None:
        return None
    mean = first.running_mean.double().numpy()
    deviation = first.running_var.double().sqrt().numpy()
    if len(signature.inputs[0].shape) == 2:
        return tuple(ColumnHint(center=float(m), spread=float(s)) for m, s in zip(mean, deviation, strict=True))
    return (ColumnHint(center=float(mean.mean()), spread=float(np.hypot(deviation.mean(), mean.std()))),)


def _title(module: Any) -> str:
    return str(getattr(module, "original_name", type(module).__qualname__))
