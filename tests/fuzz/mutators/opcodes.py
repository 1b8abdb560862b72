"""Changes pickles opcode by opcode."""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Sequence
from random import Random

from fuzz.mutators.chance import byte_changes, fitted, number, times
from fuzz.words import GADGETS, TEXTS, listed

_FRAME = 0x95
_PREFIXES = {-2: 1, -3: 4, -4: 4, -5: 8}
"""How pickletools says that an argument's length stands before it, and in how many bytes."""
_BARE = b"()].N0123]}laesutbRQo\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"
_NUMBERS = {ord("K"): 1, ord("M"): 2, ord("J"): 4, ord("h"): 1, ord("j"): 4, ord("q"): 1, ord("r"): 4}
_NUMBERS |= {0x80: 1, 0x82: 1, 0x83: 2, 0x84: 4, _FRAME: 8}
_TEXTS = {0x8C: 1, ord("X"): 4, 0x8D: 8, ord("C"): 1, ord("B"): 4, 0x8E: 8, 0x96: 8, ord("U"): 1, ord("T"): 4}


def split(data: bytes) -> list[bytes]:
    """The opcodes of ``data`` with their arguments; what is none comes byte by byte."""
    found, at = [], 0
    while at < len(data):
        end = _end(data, at)
        found.append(data[at:end])
        at = end
    return found


def _end(data: bytes, at: int) -> int:
    opcode = pickletools.code2op.get(chr(data[at]))
    if opcode is None or opcode.arg is None:
        return at + 1
    length = opcode.arg.n
    if length >= 0:
        return min(at + 1 + length, len(data))
    if length == -1:
        end = at
        for _ in range(2 if opcode.name in {"GLOBAL", "INST"} else 1):
            newline = data.find(b"\n", end + 1)
            end = newline if newline >= 0 else len(data) - 1
        return end + 1
    width = _PREFIXES[length]
    count = int.from_bytes(data[at + 1 : at + 1 + width], "little")
    return min(at + 1 + width + min(count, len(data)), len(data))


def changed_pickle(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """A mutation of a target that reads pickles."""
    if not data:
        return rng.choice(seeds) if seeds else text(rng, "x") + b"."
    codes = split(data)
    others = split(rng.choice(seeds)) if seeds else codes
    for _ in times(rng):
        rng.choice(_CHANGES)(codes, rng, others)
        codes = [code for code in codes if code] or [b"N", b"."]
    return b"".join(codes if rng.random() < 0.1 else reframed(codes, rng))


def reframed(codes: Sequence[bytes], rng: Random) -> list[bytes]:
    """Without frames, or with one around all that follows the protocol: as they were they would end somewhere else."""
    bare = [code for code in codes if code[0] != _FRAME] or [b"."]
    if rng.random() < 0.7 or bare[0][:1] != b"\x80":
        return bare
    inner = b"".join(bare[1:])
    return [bare[0], bytes([_FRAME]) + struct.pack("<Q", len(inner)), inner]


def text(rng: Random, chosen: str | None = None) -> bytes:
    """A text in one of the opcodes for it."""
    word = (rng.choice(TEXTS) if chosen is None else chosen).encode("utf-8", "surrogatepass")
    code = rng.choice((0x8C, 0x8C, ord("X"), 0x8D)) if chosen is not None else rng.choice(tuple(_TEXTS))
    width = _TEXTS[code]
    return bytes([code]) + fitted(len(word), width) + word


def name(rng: Random) -> bytes:
    """A name, from the lists or from the gadgets, in one of the three ways to give one."""
    module, attribute = rng.choice(GADGETS if rng.random() < 0.4 else listed())
    way = rng.random()
    if way < 0.6:
        return text(rng, module) + text(rng, attribute) + b"\x93"
    return (b"c" if way < 0.9 else b"(i") + f"{module}\n{attribute}\n".encode()


def value(rng: Random) -> bytes:
    """A plain value."""
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice((b"N", b"\x88", b"\x89", b")", b"]", b"}", b"\x8f"))
    if kind == 1:
        return b"K" + rng.randbytes(1)
    if kind == 2:
        return b"\x8a\x08" + fitted(number(rng), 8)
    if kind == 3:
        return b"G" + rng.choice((rng.randbytes(8), b"\x7f\xf8" + bytes(6)))
    if kind == 4:
        return rng.choice((b"I01\n", b"I-7\n", b"L12L\n", b"F1e9\n", b"S'a'\n", b"Va\n", b"P1\n", b"p0\n", b"g0\n"))
    return text(rng)


def call(rng: Random) -> bytes:
    """An object, called, built or restored; left on the stack or dropped."""
    arguments = b"(" + b"".join(value(rng) for _ in range(rng.randrange(4))) + b"t"
    made = name(rng) + arguments + rng.choice((b"R", b"R", b"\x81", b"}\x92"))
    if rng.random() < 0.3:
        made += b"}(" + text(rng) + value(rng) + b"u" + rng.choice((b"b", b"N\x86b", b"Nb"))
    return made + rng.choice((b"", b"0", b"\x94", b"q\x00"))


def _delete(codes: list[bytes], rng: Random, _: Sequence[bytes]) -> None:
    at = rng.randrange(len(codes))
    del codes[at : at + 1 + int(rng.expovariate(0.8))]


def _repeat(codes: list[bytes], rng: Random, _: Sequence[bytes]) -> None:
    at = rng.randrange(len(codes))
    part = codes[at : at + 1 + int(rng.expovariate(0.4))]
    codes[at:at] = part * rng.choice((1, 1, 1, 2, 40))


def _swap(codes: list[bytes], rng: Random, _: Sequence[bytes]) -> None:
    one, other = rng.randrange(len(codes)), rng.randrange(len(codes))
    if rng.random() < 0.5:
        other = min(one + 1, len(codes) - 1)
    codes[one], codes[other] = codes[other], codes[one]


def _insert(codes: list[bytes], rng: Random, _: Sequence[bytes]) -> None:
    makers: tuple[Callable[[Random], bytes], ...] = (value, text, name, call, _bare, _numbered)
    codes[(at := rng.randrange(len(codes) + 1)) : at] = [rng.choice(makers)(rng)]


def _bare(rng: Random) -> bytes:
    return bytes([rng.choice(_BARE)])


def _numbered(rng: Random) -> bytes:
    code = rng.choice(tuple(_NUMBERS))
    return bytes([code]) + fitted(number(rng), _NUMBERS[code])


def _argument(codes: list[bytes], rng: Random, _: Sequence[bytes]) -> None:
    """Another number, another text, or a length that lies."""
    at = rng.randrange(len(codes))
    code = codes[at][0]
    if code in _NUMBERS:
        near = int.from_bytes(codes[at][1:], "little")
        codes[at] = codes[at][:1] + fitted(number(rng, near), _NUMBERS[code])
    elif code in _TEXTS and rng.random() < 0.7:
        word = rng.choice((*TEXTS, *rng.choice(GADGETS), *rng.choice(listed()))).encode("utf-8", "surrogatepass")
        codes[at] = codes[at][:1] + fitted(len(word), _TEXTS[code]) + word
    elif code in _TEXTS:
        width = _TEXTS[code]
        near = int.from_bytes(codes[at][1 : 1 + width], "little")
        codes[at] = codes[at][:1] + fitted(number(rng, near), width) + codes[at][1 + width :]
    else:
        codes[at] = byte_changes(codes[at], rng)


def _splice(codes: list[bytes], rng: Random, others: Sequence[bytes]) -> None:
    begin = rng.randrange(len(others) + 1)
    part = others[begin : begin + 1 + int(rng.expovariate(0.1))]
    at = rng.randrange(len(codes) + 1)
    codes[at : at + rng.choice((0, 0, len(part)))] = part


def _memo(codes: list[bytes], rng: Random, _: Sequence[bytes]) -> None:
    """Something is put under a number that is taken from, or taken where another thing lay."""
    index = rng.choice((0, 1, 2, 3, rng.randrange(256)))
    at = rng.randrange(len(codes) + 1)
    codes[at:at] = [rng.choice((b"q", b"h")) + bytes([index])]
    if rng.random() < 0.5:
        at = rng.randrange(len(codes) + 1)
        codes[at:at] = [b"h" + bytes([index])]


def _twice(codes: list[bytes], rng: Random, others: Sequence[bytes]) -> None:
    """A second pickle behind the first, or a payload before a broken tail."""
    codes.extend(others if rng.random() < 0.5 else [b"\x80\x04", call(rng), b"."])


_CHANGES = (_delete, _repeat, _swap, _insert, _insert, _argument, _argument, _splice, _memo, _twice)
