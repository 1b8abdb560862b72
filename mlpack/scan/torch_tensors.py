"""Tensors in torch's pickles: where their values lie, and whether all of them are there.

A tensor is ``_rebuild_tensor_v2(storage, offset, size, stride, ...)``, a storage is what lies outside of the pickle under
``("storage", type, key, location, count)``. torch checks some of this, and TorchScript's reader less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mlpack.core.finding import Finding
from mlpack.scan.pickles.hot import Deed
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.symbols import Call, Name, Persistent, Symbols, shown_arguments
from mlpack.scan.plainly import shown
from mlpack.scan.rules import torch

_ITEM_SIZES: Mapping[str, int] = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "UntypedStorage": 1, "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16, "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1,
    "QUInt2x4Storage": 1,
}  # fmt: skip
_DTYPES: Mapping[str, int] = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1,
    "uint16": 2, "uint32": 4, "uint64": 8, "bool": 1, "complex32": 4, "complex64": 8, "complex128": 16,
}  # fmt: skip
"""Types of one byte are not listed."""
_REBUILT = frozenset({"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor"})
_KEY = re.compile(r"\d{1,20}")
_MOST = 1 << 62
_MAX_FINDINGS = 100


class TorchSymbols(Symbols):
    """Symbols that keep every storage and every tensor that the pickle makes, also those that it drops again."""

    def __init__(self, member: str = "") -> None:
        super().__init__(member)
        self.storages: list[Persistent] = []
        self.tensors: list[Call] = []

    def persistent(self, identifier: Any) -> Persistent:
        """As Symbols."""
        found = super().persistent(identifier)
        self.storages.append(found)
        return found

    def call(self, role: Deed, target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """As Symbols."""
        made = super().call(role, target, arguments, keywords)
        if target.__class__ is Name and target.module == "torch._utils" and isinstance(made, Call):
            self.tensors.append(made)
        return made


class ScriptMachine(Machine):
    """The machine for pickles of TorchScript, whose C++ writer gives REDUCE the bare value of an enumeration."""

    def _sprint(self) -> None:
        """Nothing: the fast loop knows CPython's REDUCE alone, and these pickles are short."""

    def _call_top(self, role: Deed) -> None:
        stack = self._stack
        if role == "called" and len(stack) > 1 and stack[-1].__class__ is not tuple and _is_script_class(stack[-2]):
            stack[-1] = (stack[-1],)
        super()._call_top(role)


def _is_script_class(target: Any) -> bool:
    return isinstance(target, Name) and target.module.partition(".")[0] == "__torch__"


def storage_findings(
    symbols: TorchSymbols, sizes: Mapping[str, int], member: str, *, legacy: bool = False
) -> tuple[Finding, ...]:
    """What is wrong with the tensors of a pickle. ``sizes`` are the bytes of each key; ``legacy`` files name classes so too."""
    found: dict[str, Finding] = {}
    storages = [one for one in symbols.storages if not (legacy and _is_class(one.identifier))]
    counts = {id(one): _storage(one.identifier, sizes, found, member) for one in storages}
    for tensor in symbols.tensors:
        if len(found) > _MAX_FINDINGS:
            break
        what = _tensor(tensor, counts)
        if what:
            found.setdefault(what, torch.STORAGE.finding(what, member=member, offset=tensor.target.offset))
        elif tensor.target.name == "_rebuild_nested_tensor":
            unseen = torch.UNSEEN.finding(
                "a nested tensor has its parts at places that the file computes", member=member
            )
            found.setdefault(unseen.message, unseen)
    return tuple(found.values())


def storage_widths(symbols: TorchSymbols) -> Iterator[tuple[str, int]]:
    """Key, and bytes of a value, of each storage whose identifier is as torch writes it."""
    for one in symbols.storages:
        parts = _parts(one.identifier)
        if parts is not None:
            yield parts[1], _ITEM_SIZES[parts[0]]


def _parts(identifier: Any) -> tuple[str, str, int] | None:
    """Type, key and count of a storage; None for an identifier that torch does not write."""
    if not isinstance(identifier, tuple) or len(identifier) not in {5, 6} or identifier[0] != "storage":
        return None
    kind, key, location, count = identifier[1:5]
    if not isinstance(kind, Name) or kind.module not in {"torch", "torch.storage"} or kind.name not in _ITEM_SIZES:
        return None
    if not isinstance(key, str) or not _KEY.fullmatch(key) or not isinstance(location, str):
        return None
    return (kind.name, key, count) if type(count) is int and 0 <= count < _MOST else None


def _is_class(identifier: Any) -> bool:
    """The class of a module with its source, as torch before 1.6 writes it."""
    return isinstance(identifier, tuple) and len(identifier) == 4 and identifier[0] == "module"


def _storage(identifier: Any, sizes: Mapping[str, int], found: dict[str, Finding], member: str) -> tuple[int, int]:
    """How many values a storage has, and the bytes of each."""
    parts = _parts(identifier)
    if parts is None:
        told = shown_arguments(identifier) if isinstance(identifier, tuple) else shown(identifier)
        what = f"it refers to {told}, which is no storage as torch writes it"
        found.setdefault(what, torch.STORAGE.finding(what, member=member))
        return 0, 1
    kind, key, count = parts
    size = _ITEM_SIZES[kind]
    if sizes.get(key) != count * size:
        held = f"{sizes[key]:,} bytes" if key in sizes else "no such member"
        what = f"the storage {key} claims {count:,} values in {count * size:,} bytes, and the file has {held}"
        found.setdefault(what, torch.STORAGE.finding(what, member=member))
    return count, size


def _tensor(made: Call, counts: Mapping[int, tuple[int, int]]) -> str:
    """What is wrong with a tensor's size, stride and offset; empty where it lies in its storage."""
    name, arguments = made.target.name, made.arguments
    if name not in _REBUILT:
        return ""
    if len(arguments) < 4:
        return f"it calls {name} with {len(arguments)} arguments"
    storage, offset, size, stride = arguments[:4]
    if not isinstance(storage, Persistent) or not _is_whole((offset,)) or not _is_whole(size) or not _is_whole(stride):
        return f"it calls {name} with what is no storage, offset, size or stride"
    if len(size) != len(stride):
        return f"a tensor has {len(size)} sizes and {len(stride)} strides"
    if 0 in size:
        return ""
    last = offset + sum((one - 1) * step for one, step in zip(size, stride, strict=True))
    count, width = counts.get(id(storage), (0, 1))
    if name == "_rebuild_tensor_v3" and len(arguments) > 6:
        dtype = arguments[6]
        step = _DTYPES.get(dtype.name, 1) if isinstance(dtype, Name) else 1
        count = count * width // step
    if last >= count:
        shape = " × ".join(f"{one:,}" for one in size) or "one"
        return f"a tensor claims {shape} values up to number {last + 1:,} of a storage of {count:,}"
    return ""


def _is_whole(values: Any) -> bool:
    return (
        isinstance(values, tuple) and len(values) <= 64 and all(type(one) is int and 0 <= one < _MOST for one in values)
    )
