"""The part of the pickle machine that knows only plain values: stack, marks, memo, numbers."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.pickles.reader import Reader
from mlpack.scan.rules import pickles

_WHOLE = re.compile(rb"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(rb"-?(?:[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?|inf|nan)")

KEEP = 4096
"""Longer texts and bytes are passed over while a file is judged."""


@dataclass(frozen=True)
class Budget:
    """What one pickle may cost: bytes of opcodes and numbers, objects made, marks open at once, leaves of one key.

    ``unfolded`` are the parts of all tuples, each once for every place that it lies in, ``texts`` the bytes of short texts.
    """

    opcodes: int = 100_000_000
    objects: int = 5_000_000
    marks: int = 50_000
    key_leaves: int = 10_000
    unfolded: int = 20_000_000
    texts: int = 1 << 30


class Stack:
    """One method an opcode, named as CPython names it, taking the opcode's argument."""

    def __init__(self, reader: Reader, budget: Budget) -> None:
        self._reader = reader
        self._budget = budget
        self._objects = 0
        self._texts = 0
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: list[Any] = []
        self._sparse: dict[int, Any] = {}
        """Memo entries out of turn: no pickler writes them, and a list up to the highest could be too long."""

    def _fail(self, why: str) -> NoReturn:
        error: CorruptFileError = self._reader.corrupt(why)
        raise error

    def _costly(self, why: str) -> UnsafeFileError:
        hint = "save large data as arrays, not as lists of numbers or objects"
        return pickles.EXPANSION.error(self._reader.source.name, why, offset=self._reader.opcode_offset, hint=hint)

    # Values

    def _push(self, value: Any) -> None:
        if value.__class__ is str or value.__class__ is bytes:
            self._keep(len(value))
        self._stack.append(value)

    def _make(self, value: Any) -> None:
        self._count()
        self._stack.append(value)

    def _count(self) -> None:
        self._objects += 1
        if self._objects > self._budget.objects:
            raise self._costly(f"its pickle makes more than {self._budget.objects:,} objects")

    def _keep(self, length: int) -> None:
        """A text takes memory that no opcode accounts for. Long ones are an array's bytes, or passed over."""
        if length <= KEEP:
            self._texts += length
            if self._texts > self._budget.texts:
                raise self._costly(f"its pickle holds more than {self._budget.texts >> 20:,} MiB of short texts")

    def _proto(self, _: int) -> None:
        """The protocol is noted by the reader."""

    def _frame(self, _: int) -> None:
        """Frames are checked by the reader."""

    def _none(self, _: None) -> None:
        self._stack.append(None)

    def _newtrue(self, _: None) -> None:
        self._stack.append(True)

    def _newfalse(self, _: None) -> None:
        self._stack.append(False)

    def _int(self, line: bytes) -> None:
        if line in {b"00", b"01"}:
            self._stack.append(line == b"01")
        else:
            self._number(int, line, _WHOLE)

    def _long(self, line: bytes) -> None:
        self._number(int, line.removesuffix(b"L"), _WHOLE)

    def _float(self, line: bytes) -> None:
        self._number(float, line, _DECIMAL)

    def _number(self, kind: type[int | float], line: bytes, form: re.Pattern[bytes]) -> None:
        """As picklers write numbers: of blanks, signs, underscores and leading zeros every reader makes something else."""
        if not form.fullmatch(line):
            self._fail(f"{line[:40]!r} is no number")
        try:
            self._stack.append(kind(line))
        except ValueError:
            self._fail(f"{line[:40]!r} is no number: it has more digits than Python reads")

    def _string(self, line: bytes) -> None:
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in {b"'", b'"'}:
            self._fail("a string without quotes")
        try:
            decoded, _ = codecs.escape_decode(line[1:-1])
        except ValueError:
            self._fail("a string with a broken escape")
        self._stack.append(decoded.decode("latin-1"))

    # Stack, marks and memo

    def _mark(self, _: None) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _pop_to_mark(self) -> list[Any]:
        if not self._marks:
            self._fail("a mark is missing")
        items = self._stack
        self._stack = self._marks.pop()
        return items

    def _pop_value(self) -> Any:
        if not self._stack:
            self._fail("the stack is empty")
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack:
            self._fail("the stack is empty")
        return self._stack[-1]

    def _pop(self, _: None) -> None:
        # As in CPython: with nothing above the mark, POP takes the mark.
        if self._stack:
            self._stack.pop()
        else:
            self._pop_to_mark()

    def _pop_mark(self, _: None) -> None:
        self._pop_to_mark()

    def _dup(self, _: None) -> None:
        self._stack.append(self._top())

    def _memoize(self, _: None) -> None:
        # CPython goes by how many entries there are, not by the highest.
        self._binput(len(self._memo) + len(self._sparse))

    def _put(self, line: bytes) -> None:
        self._binput(self._index(line))

    def _binput(self, index: int) -> None:
        value = self._top()
        if index < len(self._memo):
            self._memo[index] = value
        elif index == len(self._memo):
            self._memo.append(value)
            self._sparse.pop(index, None)
        elif index > self._reader.source.position:
            raise self._costly(f"it has {index:,} places in its memo, more than its bytes could fill")
        else:
            self._sparse[index] = value

    _long_binput = _binput

    def _get(self, line: bytes) -> None:
        self._binget(self._index(line))

    def _binget(self, index: int) -> None:
        if index < len(self._memo):
            self._stack.append(self._memo[index])
        elif index in self._sparse:
            self._stack.append(self._sparse[index])
        else:
            self._fail(f"memo {index} was never set")

    _long_binget = _binget

    def _index(self, line: bytes) -> int:
        if not line.isdigit() or len(line) > 18:
            self._fail(f"{line[:40]!r} is no memo index")
        return int(line)
