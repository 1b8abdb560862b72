"""One pickle or joblib stream, read from its first byte to its last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError
from mlpack.scan.pickles.arrays import WRAPPER_MODULES, JoblibSymbols
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.reader import Reader
from mlpack.scan.pickles.symbols import Persistent, Symbols, Use
from mlpack.scan.source import Source, open_source

KEEP = 4096
"""Longer texts and bytes are passed over."""


@dataclass(frozen=True)
class PickleView:
    """What a pickle would make, in symbols, with every name that it refers to and the offset of its first mention."""

    root: Any
    names: Mapping[str, int]
    roles: frozenset[Use]
    protocol: int


def read_pickle(source: Source, *, joblib: bool = False, persistent: bool = False, whole: bool = True) -> PickleView:
    """Read the pickle at the source's position.

    ``joblib`` passes over the arrays that joblib lays between the opcodes, ``persistent`` allows references to what lies
    outside of the pickle (torch's tensors), ``whole`` wants the source to end with the pickle.
    Raises CorruptFileError, UnsafeFileError.
    """
    reader = Reader(source, keep=KEEP)
    symbols = _joblib_symbols(reader) if joblib else _symbols(reader, persistent=persistent)
    root = Machine(reader, symbols).run()
    if whole and not source.at_end():
        raise CorruptFileError(
            f"{source.name} goes on behind its pickle",
            why=f"the pickle ends at byte {source.position}",
            hint="if it was pickled several times into one file, save the model alone",
        )
    return PickleView(root, symbols.names, frozenset(symbols.roles), reader.protocol)


class _Closed(Symbols):
    """Symbols for a pickle that has to hold everything itself."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def persistent(self, identifier: Any) -> Persistent:  # noqa: ARG002 - the name belongs to the protocol
        raise self._reader.corrupt("it refers to objects that lie outside of it")


def _symbols(reader: Reader, *, persistent: bool) -> Symbols:
    return Symbols() if persistent else _Closed(reader)


def _joblib_symbols(reader: Reader) -> JoblibSymbols:
    def read_nested() -> Any:
        view = read_pickle(reader.source, whole=False)
        for name, offset in view.names.items():
            symbols.names.setdefault(name, offset)
        symbols.roles |= view.roles
        return view.root

    symbols = JoblibSymbols(reader, read_nested)
    return symbols


def is_joblib_stream(path: Path) -> bool:
    """Whether the uncompressed file at ``path`` holds joblib's arrays. Two formats ask: the answer is kept while it lasts."""
    status = path.stat()
    return _is_joblib_stream(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=4)
def _is_joblib_stream(path: Path, _: tuple[int, ...]) -> bool:
    with open_source(path) as source:
        return holds_joblib_arrays(source)


def holds_joblib_arrays(source: Source) -> bool:
    """Whether the opcodes name joblib's array wrapper, which is what tells joblib's files from plain pickles."""
    reader = Reader(source, keep=64)
    stop = ord(".")
    try:
        while True:
            code, argument = reader.next()
            if code == stop:
                return False
            if isinstance(argument, str) and argument in WRAPPER_MODULES:
                return True
            if isinstance(argument, tuple) and argument[0] in WRAPPER_MODULES:
                return True
    except CorruptFileError:
        return False


_TORCH_MAGIC = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"


def begins_torch_legacy(head: bytes) -> bool:
    """Whether ``head`` is the pickled magic number of torch's format before 1.6 (`torch.serialization.MAGIC_NUMBER`)."""
    return head[:1] == b"\x80" and head[2:14] == _TORCH_MAGIC
