"""The inner loop of the pickle machine: the opcodes that nearly all of a model's pickle consists of, without a call each.

What it does is what `Machine` does opcode by opcode; where it does not know an opcode it stops, and the machine goes on. It
never leaves the buffer or the frame: an opcode that would is left to the machine as well.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Literal

from mlpack.scan.pickles.reader import Reader
from mlpack.scan.pickles.stack import Budget, Stack

_CONSTANTS: dict[int, Any] = {ord("N"): None, 0x88: True, 0x89: False, ord(")"): ()}
_NUMBERS = {
    0x47: Struct(">d"),
    0x4A: Struct("<i"),
    0x4D: Struct("<H"),
    0x68: Struct("B"),
    0x6A: Struct("<I"),
    0x71: Struct("B"),
    0x72: Struct("<I"),
}
"""BINFLOAT, BININT and BININT2; BINGET, LONG_BINGET, BINPUT and LONG_BINPUT, whose numbers are places in the memo."""
_MEMO = {0x68: "_binget", 0x6A: "_binget", 0x71: "_binput", 0x72: "_binput"}
_TEXTS = {0x8C: 1, 0x43: 1, 0x58: 4, 0x42: 4}
"""SHORT_BINUNICODE, SHORT_BINBYTES, BINUNICODE and BINBYTES, and how many bytes their length takes."""
_BYTES = frozenset({0x43, 0x42})


Deed = Literal["called", "built"]
"""What is done with a name: ``called`` by REDUCE, INST or OBJ, ``built`` by NEWOBJ and NEWOBJ_EX."""


class Hot(Stack):
    """The stack, with a loop that runs many opcodes at once. ``_spent`` counts the bytes of opcodes, without those of texts."""

    def __init__(self, reader: Reader, budget: Budget) -> None:
        super().__init__(reader, budget)
        self._spent = 0
        self._bare: list[Callable[[Any], None] | None] = [None] * 256
        """The steps of opcodes without an argument; that of STOP is left out."""
        self._carry: Callable[[tuple[Any, ...]], None] | None = None

    def _sprint(self) -> None:  # noqa: C901, PLR0912 - a branch an opcode; calls would cost more than what they do
        """Run opcodes up to one that is not known here, or to where the buffer or the frame comes to its end.

        Raises CorruptFileError where the stack or the memo lacks what an opcode needs.
        """
        source, stack, memo, carry = self._reader.source, self._stack, self._memo, self._carry
        bare, constants, begun, sparse = self._bare, _CONSTANTS, source.at, self._sparse
        buffer = self._reader.whole_frame()
        codes: Any = iter(buffer)
        codes.__setstate__(begun)
        source.at = len(buffer)
        try:
            for code in codes:
                if code == 0x68 and not sparse:  # BINGET
                    stack.append(memo[next(codes)])
                elif code == 0x94 and not sparse:  # MEMOIZE
                    memo.append(stack[-1])
                elif code == 0x4B:  # BININT1
                    stack.append(next(codes))
                elif code in constants:
                    stack.append(constants[code])
                elif 0x85 <= code <= 0x87:  # TUPLE1, TUPLE2, TUPLE3
                    third = stack.pop() if code == 0x87 else None
                    second = stack.pop() if code != 0x85 else None
                    items = (stack[-1],) if code == 0x85 else (stack[-1], second, third)[: code - 0x84]
                    stack[-1] = items
                    self._objects += 1
                    if carry is not None:
                        carry(items)
                elif code == 0x28:  # MARK
                    self._marks.append(stack)
                    stack = self._stack = []
                elif (step := bare[code]) is not None:
                    source.at = at = len(buffer) - codes.__length_hint__()
                    self._reader.opcode_offset = source.offset + at - 1
                    step(None)
                    stack = self._stack
                    if source.at != at or source.buffer is not buffer:
                        self._spent += at - begun
                        return  # an array that lay behind the opcode was taken
                    source.at = len(buffer)
                elif not self._take(code, buffer, codes):
                    source.at = len(buffer) - codes.__length_hint__() - 1
                    break
        except (IndexError, StopIteration) as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # of what was called, not of the loop
            source.at = len(buffer) - codes.__length_hint__() - 1
            if isinstance(error, IndexError):
                self._reader.opcode_offset = source.position
                self._fail("the stack is empty, or a memo was never set")
        self._spent += source.at - begun
        self._reader.settle()

    def _take(self, code: int, buffer: bytes, codes: Any) -> bool:
        """Push the number or the text that follows; False where it is not all in the buffer, or no such opcode."""
        at = len(buffer) - codes.__length_hint__()
        if code in _TEXTS:
            start = at + _TEXTS[code]
            stop = start + int.from_bytes(buffer[at:start], "little")
            if start > len(buffer) or stop > len(buffer) or stop - start > self._reader.keep:
                return False
            text = buffer[start:stop]
            self._stack.append(text if code in _BYTES else self._reader.utf8(text))
            self._spent -= stop - start
            self._keep(stop - start)
        elif code in _NUMBERS:
            number = _NUMBERS[code]
            stop = at + number.size
            if stop > len(buffer):
                return False
            value = number.unpack_from(buffer, at)[0]
            if code in _MEMO:
                if value > len(self._memo):  # it may be refused, and then says where
                    self._reader.opcode_offset = self._reader.source.offset + at - 1
                getattr(self, _MEMO[code])(value)
            else:
                self._stack.append(value)
        else:
            return False
        codes.__setstate__(stop)
        return True

    def _tuple_of(self, stack: list[Any], count: int) -> None:
        items = tuple(stack[-count:])
        if len(items) < count:
            self._fail("the stack is empty")
        if self._carry is not None:
            self._carry(items)
        stack[-count:] = (items,)
