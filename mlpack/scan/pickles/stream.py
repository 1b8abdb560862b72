"""One pickle or joblib stream, read from its first byte to its last."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, MlpackError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.core.trust import Use
from mlpack.scan.pickles.arrays import WRAPPER_MODULES, JoblibSymbols
from mlpack.scan.pickles.gate import Gate, judged
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.reader import Payload, Reader
from mlpack.scan.pickles.stack import KEEP
from mlpack.scan.pickles.symbols import Symbols
from mlpack.scan.rules import files, pickles
from mlpack.scan.source import Source, open_source

_WRAPPERS = tuple(f"{module}." for module in WRAPPER_MODULES)
_MOST_NAMED = 4
_MOST_IN_A_ROW = 100
_MAX_DEPTH = 4
_MAX_NESTED = 64 << 20


@dataclass(frozen=True)
class PickleView:
    """What a pickle would make, in symbols; every name that it mentions with the offset, and what it does with them.

    ``findings`` are what a scan holds against it under the lists alone.
    """

    root: Any
    names: Mapping[str, int]
    uses: Mapping[Use, tuple[int, str]]
    findings: tuple[Finding, ...]
    protocol: int


@dataclass(frozen=True)
class Inside:
    """How many pickles lie around one; depths and hashes of all that were found inside others of its file.

    Each is read once at a depth: one that was found at the last depth is not looked into there.
    """

    depth: int = 0
    seen: set[tuple[int, bytes]] = field(default_factory=set)


def read_pickle(
    source: Source,
    *,
    joblib: bool = False,
    persistent: bool = False,
    whole: bool = True,
    member: str = "",
    symbols: Symbols | None = None,
    machine: type[Machine] = Machine,
    inside: Inside | None = None,
) -> PickleView:
    """Read the pickle at the source's position.

    ``joblib`` passes over the arrays that joblib lays between the opcodes, ``persistent`` allows references to what lies
    outside of the pickle (torch's tensors), ``whole`` wants the source to end with the pickle. ``member`` is the part of a
    file that it lies in. ``symbols`` and ``machine`` are for pickles of another kind. ``inside``: in which pickles it lies.
    Raises CorruptFileError, UnsafeFileError, each with what was found until then.
    """
    reader = Reader(source, keep=KEEP)
    if symbols is None:
        symbols = _joblib_symbols(reader, member, outside=persistent) if joblib else Symbols(member, outside=persistent)
    try:
        root = machine(reader, symbols).run()
    except (CorruptFileError, UnsafeFileError) as error:
        said = error.findings or (_corrupt(error, reader, member),)
        error.findings = (*_findings(symbols, member), *_nested(symbols, source, member, inside or Inside()), *said)
        raise
    found = (*_findings(symbols, member), *_nested(symbols, source, member, inside or Inside()))
    if whole and not source.at_end():
        raise goes_on(source, "pickle", found, member)
    return PickleView(root, symbols.names, symbols.uses(), found, reader.protocol)


def _findings(symbols: Symbols, member: str) -> tuple[Finding, ...]:
    uses = ((use, offset, shown) for use, (offset, shown) in symbols.uses().items())
    return (*(replace(found, member=member) for found in judged(uses, Gate())), *symbols.misdeeds)


def _nested(symbols: Symbols, source: Source, member: str, inside: Inside) -> Iterator[Finding]:
    """What is found in the bytes that the pickle gives to be unpickled; behind torch's pickles lie its tensors."""
    for one in symbols.nested if inside.depth < _MAX_DEPTH else ():
        if isinstance(one, Payload) and one.length > _MAX_NESTED:
            continue
        data = source.part(one.offset, one.length) if isinstance(one, Payload) else bytes(one)
        sighting = inside.depth, hashlib.sha256(data).digest()
        if sighting in inside.seen:
            continue
        inside.seen.add(sighting)
        within = Source(io.BytesIO(data), source.name, end=len(data))
        for found in read_row(within, member, Inside(inside.depth + 1, inside.seen))[0]:
            if found.use:
                yield replace(found, message=f"in a pickle that it unpickles, {found.message}", offset=None)


def _corrupt(error: MlpackError, reader: Reader, member: str) -> Finding:
    return files.CORRUPT.finding(error.why or error.message, member=member, offset=reader.opcode_offset)


def goes_on(source: Source, what: str, found: Iterable[Finding] = (), member: str = "") -> UnsafeFileError:
    """The error for bytes behind ``what`` has to be the last, after ``found``, with what pickles there would do."""
    error = pickles.TRAILING.error(
        source.name,
        f"it goes on behind its {what}",
        member=member,
        offset=source.position,
        hint="if it was pickled several times into one file, save the model alone",
    )
    behind = (one for one in read_row(source, member)[0] if one.rule != files.CORRUPT.id)
    error.findings = (*found, *error.findings, *behind)
    named = [one.message for one in error.findings if one.use and one.severity == "error"]
    if named:
        error.why, error.hint = "\n".join([*named[:_MOST_NAMED], error.why]), pickles.NAME.advice
    return error


def read_row(source: Source, member: str = "", inside: Inside | None = None) -> tuple[list[Finding], bool]:
    """What the pickles from the source's position on would do, and whether the first of them comes to an end.

    A program that wrote several into one file loads one after another and runs them all.
    """
    found: list[Finding] = []
    complete = False
    try:
        for _ in range(_MOST_IN_A_ROW):
            if source.at_end():
                break
            row = read_pickle(source, joblib=True, persistent=True, whole=False, member=member, inside=inside)
            found += row.findings
            complete = True
    except (CorruptFileError, UnsafeFileError) as error:
        found += (one for one in error.findings if not complete or one.rule != files.CORRUPT.id)
    return found, complete


def _joblib_symbols(reader: Reader, member: str, *, outside: bool) -> JoblibSymbols:
    def read_nested() -> Any:
        view = read_pickle(reader.source, whole=False, member=member)
        symbols.absorb(view.names, view.uses, (found for found in view.findings if not found.use))
        return view.root

    symbols = JoblibSymbols(reader, member, read_nested, outside=outside)
    return symbols


def read_pickle_file(path: Path) -> PickleView:
    """The pickle or uncompressed joblib stream that the file at ``path`` is. Raises as `read_pickle`.

    Two formats ask what it is, and one then reads it: the last answer is kept as long as the file stays as it is.
    """
    status = path.stat()
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    answer = _read_file(path, identity)
    if isinstance(answer, PickleView):
        return answer
    raise answer.with_traceback(None)


@lru_cache(maxsize=1)
def _read_file(path: Path, _: tuple[int, ...]) -> PickleView | CorruptFileError | UnsafeFileError:
    with open_source(path) as source:
        try:
            return read_pickle(source, joblib=True)
        except (CorruptFileError, UnsafeFileError) as error:
            return error


def is_joblib_stream(path: Path) -> bool:
    """Whether the uncompressed file at ``path`` holds joblib's arrays: that tells joblib's files from plain pickles."""
    try:
        return any(name.startswith(_WRAPPERS) for name in read_pickle_file(path).names)
    except (CorruptFileError, UnsafeFileError):
        with open_source(path) as source:
            return _mentions_wrapper(source)


def _mentions_wrapper(source: Source) -> bool:
    """Whether the opcodes of a pickle that is not whole name joblib's array wrapper."""
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
    except (CorruptFileError, UnsafeFileError):
        return False


_TORCH_MAGIC = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"


def begins_torch_legacy(head: bytes) -> bool:
    """Whether ``head`` is the pickled magic number of torch's format before 1.6 (`torch.serialization.MAGIC_NUMBER`)."""
    return head[:1] == b"\x80" and head[2:14] == _TORCH_MAGIC
