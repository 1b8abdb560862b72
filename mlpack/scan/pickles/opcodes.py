"""The opcodes of pickle protocols 0 to 5 and how their arguments are written (CPython's Lib/pickletools.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Argument = Literal[
    "none",
    "u1",
    "u2",
    "i4",
    "u4",
    "u8",
    "f8",
    "line",
    "two lines",
    "text line",
    "bytes1",
    "bytes4",
    "bytes8",
    "bytearray8",
    "string1",
    "string4",
    "text1",
    "text4",
    "text8",
    "long1",
    "long4",
]
"""``u1`` to ``u8`` unsigned and ``i4`` signed little-endian, ``f8`` big-endian; ``bytes1`` has its length in 1 byte."""


@dataclass(frozen=True)
class Opcode:
    """One opcode: its byte, its name in CPython, its argument."""

    code: int
    name: str
    argument: Argument


_TABLE: tuple[tuple[bytes, str, Argument], ...] = (
    (b"(", "MARK", "none"),
    (b".", "STOP", "none"),
    (b"0", "POP", "none"),
    (b"1", "POP_MARK", "none"),
    (b"2", "DUP", "none"),
    (b"F", "FLOAT", "line"),
    (b"I", "INT", "line"),
    (b"J", "BININT", "i4"),
    (b"K", "BININT1", "u1"),
    (b"L", "LONG", "line"),
    (b"M", "BININT2", "u2"),
    (b"N", "NONE", "none"),
    (b"P", "PERSID", "line"),
    (b"Q", "BINPERSID", "none"),
    (b"R", "REDUCE", "none"),
    (b"S", "STRING", "line"),
    (b"T", "BINSTRING", "string4"),
    (b"U", "SHORT_BINSTRING", "string1"),
    (b"V", "UNICODE", "text line"),
    (b"X", "BINUNICODE", "text4"),
    (b"a", "APPEND", "none"),
    (b"b", "BUILD", "none"),
    (b"c", "GLOBAL", "two lines"),
    (b"d", "DICT", "none"),
    (b"}", "EMPTY_DICT", "none"),
    (b"e", "APPENDS", "none"),
    (b"g", "GET", "line"),
    (b"h", "BINGET", "u1"),
    (b"i", "INST", "two lines"),
    (b"j", "LONG_BINGET", "u4"),
    (b"l", "LIST", "none"),
    (b"]", "EMPTY_LIST", "none"),
    (b"o", "OBJ", "none"),
    (b"p", "PUT", "line"),
    (b"q", "BINPUT", "u1"),
    (b"r", "LONG_BINPUT", "u4"),
    (b"s", "SETITEM", "none"),
    (b"t", "TUPLE", "none"),
    (b")", "EMPTY_TUPLE", "none"),
    (b"u", "SETITEMS", "none"),
    (b"G", "BINFLOAT", "f8"),
    (b"\x80", "PROTO", "u1"),
    (b"\x81", "NEWOBJ", "none"),
    (b"\x82", "EXT1", "u1"),
    (b"\x83", "EXT2", "u2"),
    (b"\x84", "EXT4", "i4"),
    (b"\x85", "TUPLE1", "none"),
    (b"\x86", "TUPLE2", "none"),
    (b"\x87", "TUPLE3", "none"),
    (b"\x88", "NEWTRUE", "none"),
    (b"\x89", "NEWFALSE", "none"),
    (b"\x8a", "LONG1", "long1"),
    (b"\x8b", "LONG4", "long4"),
    (b"B", "BINBYTES", "bytes4"),
    (b"C", "SHORT_BINBYTES", "bytes1"),
    (b"\x8c", "SHORT_BINUNICODE", "text1"),
    (b"\x8d", "BINUNICODE8", "text8"),
    (b"\x8e", "BINBYTES8", "bytes8"),
    (b"\x8f", "EMPTY_SET", "none"),
    (b"\x90", "ADDITEMS", "none"),
    (b"\x91", "FROZENSET", "none"),
    (b"\x92", "NEWOBJ_EX", "none"),
    (b"\x93", "STACK_GLOBAL", "none"),
    (b"\x94", "MEMOIZE", "none"),
    (b"\x95", "FRAME", "u8"),
    (b"\x96", "BYTEARRAY8", "bytearray8"),
    (b"\x97", "NEXT_BUFFER", "none"),
    (b"\x98", "READONLY_BUFFER", "none"),
)

OPCODES: dict[int, Opcode] = {code[0]: Opcode(code[0], name, argument) for code, name, argument in _TABLE}
HIGHEST_PROTOCOL = 5
