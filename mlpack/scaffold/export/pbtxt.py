"""Protocol buffers in their text form, as far as a configuration needs it.

https://protobuf.dev/reference/protobuf/textformat-spec/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_INDENT = "  "


@dataclass(frozen=True)
class Word:
    """The name of an enum's value, which stands without quotes."""

    text: str


Value = str | int | Word | Sequence[int] | Mapping[str, "Value"] | Sequence[Mapping[str, "Value"]]


def pbtxt(message: Mapping[str, Value]) -> str:
    """``message`` as text, a field a line. A list of messages is a repeated field, and so is one of numbers."""
    return "".join(f"{line}\n" for line in _lines(message))


def _lines(message: Mapping[str, Value]) -> Iterable[str]:
    for name, value in message.items():
        match value:
            case Mapping():
                yield from _block(name, value)
            case [Mapping(), *_]:
                for one in value:
                    assert isinstance(one, Mapping)
                    yield from _block(name, one)
            case list():
                yield f"{name}: [{', '.join(map(str, value))}]"
            case Word(text):
                yield f"{name}: {text}"
            case str():
                yield f"{name}: {quoted(value)}"
            case _:
                yield f"{name}: {value}"


def _block(name: str, message: Mapping[str, Value]) -> Iterable[str]:
    lines = [f"{_INDENT}{line}" for line in _lines(message)]
    return [f"{name} {{", *lines, "}"] if lines else [f"{name} {{}}"]


def quoted(text: str) -> str:
    """``text`` as a string literal: UTF-8, with what is not printable ASCII in octal."""
    return '"' + "".join(_escaped(byte) for byte in text.encode()) + '"'


def _escaped(byte: int) -> str:
    sign = chr(byte)
    if sign in '"\\':
        return f"\\{sign}"
    return sign if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
