"""The loader against the judge, and against C pickle: what is judged is what is loaded.

The loader makes nothing of a name that the judge did not see used in that way; what the judge calls safe it loads, or fails on
with words; and what C pickle makes of the same bytes is the same, where these are plain values.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from fuzz.files import a_file
from fuzz.sameness import difference, look_at
from hostile.scan_off import joblib_unscanned, pickle_unscanned

from mlpack.core.errors import MlpackError
from mlpack.core.trust import Use
from mlpack.scan.compression import compression_of, open_decompressed
from mlpack.scan.pickles.arguments import BINDER
from mlpack.scan.pickles.arrays import JoblibSymbols
from mlpack.scan.pickles.failures import explained
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.objects import Objects, Target
from mlpack.scan.pickles.reader import Reader
from mlpack.scan.pickles.stack import KEEP
from mlpack.scan.pickles.stream import read_pickle
from mlpack.scan.pickles.symbols import Symbols
from mlpack.scan.source import Source, open_source

_made: list[tuple[str, str, str]] = []
"""Module, name and role of what the loader called and built since the last input."""


def _watched(call: Callable[..., Any]) -> Callable[..., Any]:
    def watch(self: Objects, role: Any, target: Any, arguments: Any, keywords: Any) -> Any:
        named = target if target.__class__ is Target else self._referred.get(id(target))
        if named is not None and (named.module, named.name) != BINDER:
            _made.append((named.module, named.name, role))
        return call(self, role, target, arguments, keywords)

    return watch


Objects.call = _watched(Objects.call)  # type: ignore[method-assign]


def agree_on_pickle(data: bytes) -> None:
    """A plain pickle."""
    path = a_file(data)
    loaded = _agree(path, pickle_unscanned, joblib=False)
    _compare_with_c(data, loaded)
    look_at(loaded)


def agree_on_joblib(data: bytes) -> None:
    """A joblib file."""
    look_at(_agree(a_file(data), joblib_unscanned, joblib=True))


def _agree(path: Path, load: Callable[[Path], Any], *, joblib: bool) -> Any:
    _made.clear()
    failed: Exception | None = None
    loaded: Any = None
    try:
        with explained(path, dict):
            loaded = load(path)
    except Exception as error:
        failed = error
    if _made or failed is None:
        uses, refused = _judged(path, joblib=joblib)
        unseen = [call for call in _made if Use(*call) not in uses]  # type: ignore[arg-type]
        assert not unseen, f"loaded and not judged: {unseen}"
        assert failed or not refused, f"loaded, and the judge refuses it: {refused!r}"
    if failed is not None:
        raise failed
    return loaded


def _judged(path: Path, *, joblib: bool) -> tuple[set[Use], MlpackError | None]:
    """Every use that the judge sees up to where it gives up, and why it does."""
    compression = compression_of(path.read_bytes()[:16]) if joblib else ""
    seen: set[Use] = set()
    with open_decompressed(path, compression) if compression else open_source(path) as source:
        try:
            read_pickle(source, joblib=joblib)
        except MlpackError as error:
            refused: MlpackError | None = error
        else:
            refused = None
    with open_decompressed(path, compression) if compression else open_source(path) as source:
        _read(source, seen, joblib=joblib)
    return seen, refused


def _read(source: Source, seen: set[Use], *, joblib: bool = False) -> Any:
    """As the judge reads, and whatever happens, what was seen until then is in ``seen``."""
    reader = Reader(source, keep=KEEP)
    symbols = JoblibSymbols(reader, "", lambda: _read(source, seen)) if joblib else Symbols()
    try:
        return Machine(reader, symbols).run()
    finally:
        seen.update(symbols.uses())


class _Plain(pickle.Unpickler):
    """C pickle without a single name."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name}")


def _compare_with_c(data: bytes, loaded: Any) -> None:
    """Only of what was loaded: C pickle itself sets no bounds to a memo or a key."""
    if _made:
        return
    try:
        by_c = _Plain(io.BytesIO(data), encoding="latin1").load()
    except pickle.UnpicklingError:
        return
    unlike = difference(loaded, by_c)
    assert not unlike, f"C pickle loads something else: {unlike}"
