"""FRAME opcodes that lie about their length: readers of opcodes and C's unpickler then see different pickles."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from hostile.assembler import a_file, built, call, name, pickled, system, text, touch, with_state
from hostile.corpus import Hostile
from hostile.opcode_tricks import argument, tricky

FRAMES = "opcodes: frames that lie"
_SKIPS = not ((3, 13, 15) <= sys.version_info < (3, 14) or sys.version_info >= (3, 14, 7))
"""C's unpickler forgets what is left of a frame when a text reaches over its end. Repaired in 3.13.15 and 3.14.7."""
_PREFETCH = 128 << 10
"""How much of a buffered file C's unpickler looks at beforehand: a longer frame is read by itself."""


def framed(content: bytes, length: int | None = None) -> bytes:
    """``content`` in a frame that says it is ``length`` long."""
    return b"\x95" + struct.pack("<Q", len(content) if length is None else length) + content


def _shown_as_bytes(canary: Path, padding: int = 0) -> bytes:
    """A frame that ends within a text of 20 bytes.

    A reader of opcodes takes 20 bytes from where the text begins, and then sees the payload as the content of
    SHORT_BINBYTES. C's unpickler drops what was left of the frame, takes 20 bytes from behind it, and runs the payload.
    """
    payload = system(canary) + b"."
    covering = b"0C" + bytes([len(payload)])
    length = 20
    inside = b"B" + struct.pack("<I", padding) + bytes(padding) + b"0" if padding else b""
    inside += b"X" + struct.pack("<I", length) + b"A" * len(covering)
    return framed(inside) + b"Z" * (length - len(covering)) + covering + payload + b"."


def _inside_out(canary: Path) -> bytes:
    return framed(b"N0" + framed(system(canary)) + b".", 20)


_FRAMES = (
    tricky(
        "C-runs-what-readers-show-as-bytes",
        FRAMES,
        _shown_as_bytes,
        "ends in the middle of an opcode",
        rules=("pickle/frame",),
        proof="pickle unbuffered" if _SKIPS else "",
    ),
    tricky(
        "C-runs-what-readers-show-as-bytes-in-a-buffered-file",
        FRAMES,
        lambda c: _shown_as_bytes(c, _PREFETCH),
        "ends in the middle of an opcode",
        rules=("pickle/frame",),
        proof="pickle" if _SKIPS else "",
    ),
    tricky(
        "a-frame-longer-than-the-file",
        FRAMES,
        lambda c: framed(system(c) + b".", 1 << 20),
        verdicts=("corrupt", "unsafe"),
        proof="python pickle",
    ),
    tricky(
        "a-frame-of-the-largest-size",
        FRAMES,
        lambda c: framed(system(c) + b".", (1 << 64) - 1),
        verdicts=("corrupt", "unsafe"),
        proof="",
    ),
    tricky(
        "a-frame-that-ends-in-a-name",
        FRAMES,
        lambda c: framed(text("posix"), 7) + text("system") + b"\x93" + argument(c) + b"R.",
        "ends in the middle of an opcode",
        rules=("pickle/frame",),
        proof="pickle of bytes",
    ),
    tricky(
        "a-frame-that-ends-in-a-number",
        FRAMES,
        lambda c: framed(b"J\x01\x00\x00\x00", 2) + b"0" + system(c) + b".",
        "ends in the middle of an opcode",
        rules=("pickle/frame",),
        proof="pickle of bytes",
    ),
    tricky(
        "a-frame-in-a-frame",
        FRAMES,
        lambda c: framed(b"N0" + framed(system(c) + b".")),
        "a frame begins inside a frame",
        rules=("pickle/frame",),
    ),
    tricky("a-frame-that-overlaps-the-next", FRAMES, _inside_out, rules=("pickle/frame",)),
    tricky("a-frame-of-no-length", FRAMES, lambda c: framed(b"") + framed(system(c)) + b".", "posix.system"),
    tricky(
        "a-frame-in-protocol-2", FRAMES, lambda c: b"\x80\x02" + framed(system(c) + b"."), "posix.system", bare=True
    ),
    tricky(
        "a-frame-for-every-opcode",
        FRAMES,
        lambda c: (
            framed(text("posix")) + framed(text("system")) + framed(b"\x93") + framed(argument(c)) + framed(b"R") + b"."
        ),
        "posix.system",
    ),
    tricky(
        "STOP-before-the-end-of-the-frame",
        FRAMES,
        lambda c: framed(b"N." + pickled(system(c))),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
)


def _array_in_a_frame(canary: Path) -> bytes:
    """joblib writes arrays outside of frames: in one, the array's bytes would be opcodes to whoever counts them."""
    state = {
        "subclass": name("numpy", "ndarray"),
        "shape": (1,),
        "order": "C",
        "dtype": call(name("numpy", "dtype"), "u1", False, True),
        "allow_mmap": True,
    }
    wrapper = with_state(built(name("joblib.numpy_pickle", "NumpyArrayWrapper")), state)
    return b"\x80\x04" + framed(wrapper + b"\x07" + call(name("posix", "system"), touch(canary)) + b".")


HOSTILE: tuple[Hostile, ...] = (
    *_FRAMES,
    Hostile(
        "joblib/an-array-in-a-frame",
        FRAMES,
        a_file("model.joblib", _array_in_a_frame),
        ("an array inside a frame",),
        verdicts=("corrupt", "unsafe"),
        proof="",
        unscanned="joblib",
    ),
)
