"""What `torch.save` wrote: a module, or weights alone; in a zip, or in the row of pickles of torch before 1.6."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.scan.pickles.describe import pairs_of
from mlpack.scan.pickles.stream import PickleView, goes_on, read_pickle
from mlpack.scan.pickles.symbols import Call, class_of
from mlpack.scan.pickles.tensors import tensor_count, tensor_shape
from mlpack.scan.plainly import shown
from mlpack.scan.rules import torch
from mlpack.scan.source import Source, source_of
from mlpack.scan.torch_archive import read_module_archive
from mlpack.scan.torch_tensors import TorchSymbols, storage_findings, storage_widths

STATE_DICT = "state_dict"
_LEADING_PICKLES = 3
_MOST = 1 << 48


@dataclass(frozen=True)
class TorchFile:
    """``weights`` is set where no module is in the file."""

    view: PickleView
    weights: bool
    parameters: int | None
    notes: tuple[str, ...]


def read_torch_file(path: Path, *, zipped: bool, content: Path | None = None) -> TorchFile:
    """Read the file at ``path``, which lies open at ``content`` if that is given. Raises CorruptFileError, UnsafeFileError."""
    view = read_module_archive(path, content) if zipped else _read_legacy(path, content or path)
    tensors, notes = _weights_of(view.root)
    weights = bool(tensors)
    return TorchFile(
        view=view,
        weights=weights,
        parameters=tensor_count(iter(tensors)) if weights else None,
        notes=notes,
    )


def _read_legacy(path: Path, content: Path) -> PickleView:
    """A magic number, a version and word sizes; the object; the keys of its storages; and each with its count before it."""
    with content.open("rb", buffering=0) as file:
        source = source_of(file, str(path))
        symbols = TorchSymbols()
        found: list[Finding] = []
        try:
            for _ in range(_LEADING_PICKLES):
                found += read_pickle(source, whole=False).findings
            view = read_pickle(source, whole=False, symbols=symbols)
            found += view.findings
            keys = read_pickle(source, whole=False)
            found += keys.findings
            found += storage_findings(symbols, _lying_sizes(source, keys.root, symbols), "", legacy=True)
        except (CorruptFileError, UnsafeFileError) as error:
            error.findings = (*found, *error.findings)
            raise
    return replace(view, findings=tuple(found))


def _lying_sizes(source: Source, keys: Any, symbols: TorchSymbols) -> dict[str, int]:
    """The bytes of each storage behind the pickles. Raises CorruptFileError, UnsafeFileError for more or less than these."""
    widths = dict(storage_widths(symbols))
    sizes: dict[str, int] = {}
    for key in keys if isinstance(keys, list) else ():
        count = int.from_bytes(source.read(8), "little", signed=True)
        if not isinstance(key, str) or key not in widths or not 0 <= count < _MOST:
            raise torch.STORAGE.error(
                source.name, f"the storage {shown(key, 40)} is none of its tensors'", offset=source.position
            )
        sizes[key] = count * widths[key]
        source.skip(sizes[key])
    if not source.at_end():
        raise goes_on(source, "last tensor")
    return sizes


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
