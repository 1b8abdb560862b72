"""What `torch.save` wrote: a module, or weights alone; in a zip, or in the row of pickles of torch before 1.6."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpack.scan.pickles.describe import pairs_of
from mlpack.scan.pickles.stream import PickleView, read_pickle
from mlpack.scan.pickles.symbols import Call, class_of
from mlpack.scan.pickles.tensors import tensor_count, tensor_shape
from mlpack.scan.source import open_source
from mlpack.scan.torch_archive import read_module_archive

STATE_DICT = "state_dict"

_INERT = (
    "torch._utils._rebuild_",
    "torch.storage.",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.Counter",
)
_LEADING_PICKLES = 3
"""Before the object: a magic number, the format's version, and the machine's word sizes."""


@dataclass(frozen=True)
class TorchFile:
    """``weights`` is set where no module is in the file; ``inert`` where a load calls nothing but torch's own rebuilders."""

    view: PickleView
    weights: bool
    inert: bool
    parameters: int | None
    notes: tuple[str, ...]


def read_torch_file(path: Path, *, zipped: bool) -> TorchFile:
    """Read the file at ``path``. Raises CorruptFileError, UnsafeFileError."""
    view = read_module_archive(path) if zipped else _read_legacy(path)
    tensors, notes = _weights_of(view.root)
    weights = bool(tensors)
    return TorchFile(
        view=view,
        weights=weights,
        inert=weights and all(_is_inert(name) for name in view.names),
        parameters=tensor_count(iter(tensors)) if weights else None,
        notes=notes,
    )


def _read_legacy(path: Path) -> PickleView:
    with open_source(path) as source:
        for _ in range(_LEADING_PICKLES):
            read_pickle(source, whole=False)
        return read_pickle(source, persistent=True, whole=False)


def _weights_of(root: Any) -> tuple[list[Any], tuple[str, ...]]:
    """The tensors of a state dict, or of the largest one in a training checkpoint, whose keys are then named."""
    own = _tensors(root)
    if own:
        return own, ()
    found = {key: _tensors(value) for key, value in _items(root) if isinstance(key, str)}
    largest = max(found, key=lambda key: len(found[key]), default="")
    if not largest or not found[largest]:
        return [], ()
    return found[largest], (f"a training checkpoint; its weights are under {largest[:80]!r}",)


def _items(value: Any) -> list[tuple[Any, Any]]:
    """The items of a dict or OrderedDict; an object with a state of its own, such as a module, has none here."""
    kind = class_of(value)
    if isinstance(value, dict) or (isinstance(value, Call) and kind and kind.qualified == "collections.OrderedDict"):
        return pairs_of(value)
    return []


def _tensors(value: Any) -> list[Any]:
    items = [item for _, item in _items(value)]
    if not items or any(tensor_shape(item) is None for item in items[:8]):
        return []
    return [item for item in items if tensor_shape(item) is not None]


def _is_inert(name: str) -> bool:
    if name.startswith(_INERT):
        return True
    module, _, last = name.rpartition(".")
    return module == "torch" and (last.endswith("Storage") or last in _TORCH_VALUES)


_TORCH_VALUES = frozenset(
    {"Size", "device", "float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool"}
)
