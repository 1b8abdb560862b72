"""Reads one opcode and its argument after another, and holds the frames to what they declare."""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.pickles.opcodes import HIGHEST_PROTOCOL, OPCODES
from mlpack.scan.rules import pickles
from mlpack.scan.source import Source

_MAX_LINE = 1 << 16
_MAX_INTEGER_BYTES = 1 << 10
"""Python writes no number of more than 4,300 digits as text, which a finding or a header would have it do."""
_FRAME = 0x95
_PROTO = 0x80


@dataclass(frozen=True, eq=False, slots=True)
class Payload:
    """Bytes or text that were passed over, not held. ``offset`` is where they start in the source."""

    kind: Literal["bytes", "bytearray", "text"]
    offset: int
    length: int


class Reader:
    """The opcodes of one pickle in ``source``, from its present position.

    Arguments longer than ``keep`` bytes come as a Payload. Raises CorruptFileError for what no pickler writes: an
    unknown opcode or protocol, a frame that ends inside an opcode or in another frame, text that is not UTF-8.
    """

    def __init__(self, source: Source, *, keep: int) -> None:
        self.source = source
        self.keep = keep
        self.opcode_offset = source.position
        self.protocol = 0
        self._frame_end: int | None = None
        readers = self._readers()
        self._read_argument: list[Callable[[], Any] | None] = [self._unknown] * 256
        for code, opcode in OPCODES.items():
            self._read_argument[code] = None if opcode.argument == "none" else readers[opcode.argument]

    def next(self) -> tuple[int, Any]:
        """The next opcode and its argument (None where it has none)."""
        source = self.source
        at = source.at
        if at >= len(source.buffer):
            source.peek()
            at = source.at
        self.opcode_offset = source.offset + at
        if at >= len(source.buffer):
            raise source.truncated(1)
        code = source.buffer[at]
        source.at = at + 1
        read = self._read_argument[code]
        argument: Any = None if read is None else read()
        self.settle()
        if code == _FRAME:
            self._enter_frame(argument)
        elif code == _PROTO:
            self._enter_protocol(argument)
        return code, argument

    def whole_frame(self) -> bytes:
        """What lies in the source's buffer, cut where the present frame ends."""
        source = self.source
        if self._frame_end is not None and source.offset + len(source.buffer) > self._frame_end:
            source.cut(self._frame_end - source.offset)
        return source.buffer

    def settle(self) -> None:
        """Leave the frame if the source stands at its end."""
        if self._frame_end is not None and self.source.position >= self._frame_end:
            self._leave_frame()

    @property
    def in_frame(self) -> bool:
        """Whether the next byte lies in a frame; one that is at its end is left."""
        self.settle()
        return self._frame_end is not None

    def corrupt(self, why: str) -> CorruptFileError:
        """The error for the opcode just read."""
        return CorruptFileError(
            f"{self.source.name} is no whole pickle",
            why=f"{why} (at byte {self.opcode_offset})",
            hint="copy or download the file again, or save the model again",
        )

    def _frame_lies(self, why: str) -> UnsafeFileError:
        return pickles.FRAME.error(self.source.name, why, offset=self.opcode_offset)

    def _enter_frame(self, length: int) -> None:
        if self._frame_end is not None:
            raise self._frame_lies("a frame begins inside a frame")
        left = self.source.left()
        if left is not None and length > left:
            raise self.source.truncated(length)
        if length:
            self._frame_end = self.source.position + length

    def _leave_frame(self) -> None:
        if self._frame_end != self.source.position:
            raise self._frame_lies("a frame ends in the middle of an opcode")
        self._frame_end = None

    def _enter_protocol(self, protocol: int) -> None:
        if protocol > HIGHEST_PROTOCOL:
            raise self.corrupt(f"there is no pickle protocol {protocol}")
        self.protocol = protocol

    def _readers(self) -> dict[str, Callable[[], Any]]:
        source = self.source
        return {
            "u1": source.byte,
            "u2": lambda: int.from_bytes(source.read(2), "little"),
            "i4": lambda: int.from_bytes(source.read(4), "little", signed=True),
            "u4": lambda: int.from_bytes(source.read(4), "little"),
            "u8": lambda: int.from_bytes(source.read(8), "little"),
            "f8": lambda: struct.unpack(">d", source.read(8))[0],
            "line": self._line,
            "two lines": lambda: (self.utf8(self._line()), self.utf8(self._line())),
            "text line": self._text_line,
            "bytes1": lambda: self._bytes(source.byte(), "bytes"),
            "bytes4": lambda: self._bytes(self._length(4), "bytes"),
            "bytes8": lambda: self._bytes(self._length(8), "bytes"),
            "bytearray8": lambda: self._bytes(self._length(8), "bytearray"),
            "string1": lambda: self._string(source.byte()),
            "string4": lambda: self._string(self._length(4)),
            "text1": lambda: self._text(source.byte()),
            "text4": lambda: self._text(self._length(4)),
            "text8": lambda: self._text(self._length(8)),
            "long1": lambda: self._integer(source.byte()),
            "long4": lambda: self._integer(self._length(4)),
        }

    def _unknown(self) -> NoReturn:
        raise self.corrupt("there is no such opcode")

    def _length(self, width: int) -> int:
        return int.from_bytes(self.source.read(width), "little")

    def _line(self) -> bytes:
        line, length = self.source.line(_MAX_LINE)
        if length > _MAX_LINE:
            raise self.corrupt(f"a line of {length} bytes")
        return line

    def _text_line(self) -> str | Payload:
        offset = self.source.position
        line, length = self.source.line(self.keep)
        if length > self.keep:
            return Payload("text", offset, length)
        try:
            return codecs.decode(line, "raw-unicode-escape")
        except UnicodeDecodeError as error:
            raise self.corrupt(f"text that is broken: {error.reason}") from error

    def _bytes(self, length: int, kind: Literal["bytes", "bytearray"]) -> bytes | bytearray | Payload:
        if length > self.keep:
            return self._skip(kind, length)
        return self.source.read(length) if kind == "bytes" else self.source.read_bytearray(length)

    def _string(self, length: int) -> str | Payload:
        # A str of Python 2. CPython decodes it as ASCII unless it is told otherwise; Latin-1 shows what is there.
        return self._skip("text", length) if length > self.keep else self.source.read(length).decode("latin-1")

    def _text(self, length: int) -> str | Payload:
        return self._skip("text", length) if length > self.keep else self.utf8(self.source.read(length))

    def _skip(self, kind: Literal["bytes", "bytearray", "text"], length: int) -> Payload:
        payload = Payload(kind, self.source.position, length)
        self.source.skip(length)
        return payload

    def utf8(self, data: bytes) -> str:
        """The text that ``data`` encodes, lone surrogates included. Raises CorruptFileError."""
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise self.corrupt(f"text that is not UTF-8: {error.reason}") from error

    def _integer(self, length: int) -> int:
        if length > _MAX_INTEGER_BYTES:
            raise self.corrupt(f"an integer of {length} bytes")
        return int.from_bytes(self.source.read(length), "little", signed=True)
