"""Pickled arrays whose types, flags, offsets and sizes lie: NumPy's C code believes them and reads bytes as pointers."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from hostile.assembler import Code, a_file, built, call, hostile_pickle, name, system, with_state
from hostile.corpus import Hostile
from hostile.opcode_tricks import tricky

LIES = "arrays: types that lie"
SIZES = "arrays: sizes that lie"

_WILD = struct.pack("<Q", 0x4141414141414141)
"""Eight bytes that would be a pointer into nowhere."""


def dtype(code: str) -> Code:
    """``numpy.dtype(code)`` as a pickle makes it."""
    return call(name("numpy", "dtype"), code, False, True)


def array(shape: tuple[int, ...], kind: Code, data: Any, version: int = 1) -> Code:
    """An array as ``ndarray.__reduce__`` writes it."""
    empty = call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), (0,), b"b")
    return with_state(empty, (version, shape, kind, False, data))


def state_of(
    *,
    names: tuple[str, ...] | None = None,
    fields: dict[str, Any] | None = None,
    subarray: Any = None,
    size: int = -1,
    alignment: int = -1,
    flags: int = 0,
    order: str = "|",
) -> tuple[Any, ...]:
    """The state of a dtype."""
    return (3, order, subarray, names, fields, size, alignment, flags)


def _hidden_object(flags: int = 0) -> Code:
    """A record with an object in it, whose flags deny it."""
    field = with_state(dtype("O8"), state_of(flags=63))
    return with_state(dtype("V8"), state_of(names=("a",), fields={"a": (field, 0)}, size=8, alignment=1, flags=flags))


def _field_at(offset: int, code: str = "f8", size: int = 8) -> Code:
    fields = {"a": (dtype(code), offset)}
    return with_state(dtype("V8"), state_of(names=("a",), fields=fields, size=size, alignment=1, flags=16))


def lie(title: str, root: Any, *says: str, **more: Any) -> Hostile:
    """An array that is looked at after the load."""
    more = {"harm": "crashes", "proof": "pickle and look", **more}
    return hostile_pickle(f"array-{title}", LIES, root, *says, **more)


def _changed_later(_: Path) -> bytes:
    """The type of an array that was made is changed: bytes become objects."""
    kind = dtype("V8") + b"q\x01"
    made = array((1,), Code(kind), _WILD)
    field = with_state(dtype("O8"), state_of(flags=63))
    changed = with_state(
        Code(b"h\x01"), state_of(names=("a",), fields={"a": (field, 0)}, size=8, alignment=1, flags=63)
    )
    return made + changed + b"0."


def _state_twice(_: Path) -> bytes:
    empty = call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), (0,), b"b")
    first = with_state(empty, (1, (1,), dtype("u1"), False, b"x"))
    return with_state(first, (1, (1,), with_state(dtype("O8"), state_of(flags=63)), False, [1])) + b"."


_LIES = (
    lie("flags-deny-an-object", lambda _: array((1,), _hidden_object(), _WILD), "flags"),
    lie(
        "flags-deny-an-object-in-frombuffer",
        lambda _: call(name("numpy._core.numeric", "_frombuffer"), _WILD, _hidden_object(), (1,), "C"),
        "flags",
    ),
    lie(
        "flags-deny-an-object-in-a-scalar",
        lambda _: call(name("numpy._core.multiarray", "scalar"), _hidden_object(), _WILD),
        "flags",
    ),
    lie("flags-deny-a-list", lambda _: array((1,), with_state(dtype("O8"), state_of(flags=0)), [1]), "flags", proof=""),
    lie(
        "a-scalar-of-another-type",
        lambda _: call(name("numpy._core.multiarray", "scalar"), _hidden_object(63), array((8,), dtype("u1"), _WILD)),
        proof="",
    ),
    lie("a-field-far-outside", lambda _: array((1,), _field_at(1 << 30), _WILD)),
    lie("a-field-before-the-record", lambda _: array((1,), _field_at(-(1 << 30)), _WILD)),
    lie("a-field-larger-than-the-record", lambda _: array((1,), _field_at(0, "S1000000000"), _WILD), proof=""),
    lie(
        "a-subarray-larger-than-its-item",
        lambda _: array(
            (1,),
            with_state(dtype("V8"), state_of(subarray=(dtype("f8"), (1 << 26,)), size=8, alignment=8, flags=0)),
            _WILD,
        ),
        proof="",
    ),
    lie(
        "text-of-a-negative-size",
        lambda _: array((1,), with_state(dtype("U1"), state_of(order="<", size=-4, alignment=4)), b"abcd"),
        proof="",
    ),
    tricky(
        "array-type-changed-after-the-array",
        LIES,
        _changed_later,
        "changes the type",
        harm="crashes",
        proof="pickle and look",
    ),
    tricky("array-state-twice", LIES, _state_twice, "twice", proof=""),
    lie(
        "an-object-pointer-in-an-array",
        lambda _: array((1,), with_state(dtype("O8"), state_of(flags=63)), _WILD),
        proof="",
    ),
    lie(
        "an-array-of-names",
        lambda c: array((1,), with_state(dtype("O8"), state_of(flags=63)), [system(c)]),
        "posix.system",
        harm="runs",
        proof="pickle",
    ),
)

_SIZES = (
    lie(
        "a-shape-larger-than-its-bytes",
        lambda _: array((1 << 40,), dtype("f8"), b"x" * 8),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
    lie(
        "a-shape-that-overflows",
        lambda _: array((1 << 33, 1 << 33), dtype("f8"), b""),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
    lie("a-negative-shape", lambda _: array((-1,), dtype("f8"), b"x" * 8), proof="", verdicts=("unsafe", "corrupt")),
    lie(
        "too-many-dimensions",
        lambda _: array((1,) * 100, dtype("f8"), b"x" * 8),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
    lie(
        "a-scalar-of-too-few-bytes",
        lambda _: call(name("numpy._core.multiarray", "scalar"), dtype("f8"), b"x"),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
    hostile_pickle(
        "array-reconstruct-of-a-huge-shape",
        SIZES,
        lambda _: call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), (1 << 37,), b"b"),
        "_reconstruct",
        harm="costs",
    ),
    hostile_pickle(
        "array-dtype-of-a-name",
        LIES,
        lambda _: call(name("numpy", "dtype"), {"names": ["a"], "formats": ["O"], "offsets": [3]}),
        "numpy.dtype",
        proof="",
    ),
    hostile_pickle(
        "array-dtype-of-a-text", LIES, lambda _: call(name("numpy", "dtype"), "O,O"), "numpy.dtype", proof=""
    ),
    hostile_pickle(
        "array-scalar-of-a-name",
        LIES,
        lambda _: call(
            name("numpy._core.multiarray", "scalar"),
            with_state(dtype("O8"), state_of(flags=63)),
            name("posix", "system"),
        ),
        "posix.system",
        proof="",
    ),
)


def wrapper(**state: Any) -> Code:
    """joblib's array wrapper."""
    plain = {
        "subclass": name("numpy", "ndarray"),
        "shape": (1,),
        "order": "C",
        "dtype": dtype("u1"),
        "allow_mmap": True,
        "numpy_array_alignment_bytes": None,
    }
    return with_state(built(name("joblib.numpy_pickle", "NumpyArrayWrapper")), {**plain, **state})


def in_joblib(title: str, bypass: str, content: Any, *says: str, **more: Any) -> Hostile:
    """An entry that is a joblib file."""
    more = {"proof": "", "verdicts": ("unsafe", "corrupt"), "unscanned": "joblib", **more}
    return Hostile(f"joblib/{title}", bypass, a_file("model.joblib", lambda c: b"\x80\x04" + content(c)), says, **more)


_JOBLIB = (
    in_joblib(
        "flags-deny-an-object", LIES, lambda _: wrapper(dtype=_hidden_object()) + _WILD + b".", "flags", harm="crashes"
    ),
    in_joblib("a-shape-larger-than-the-file", SIZES, lambda _: wrapper(shape=(1 << 40,)) + b"x."),
    in_joblib("a-shape-that-overflows", SIZES, lambda _: wrapper(shape=(1 << 61, 1 << 61)) + b"x."),
    in_joblib("a-negative-shape", SIZES, lambda _: wrapper(shape=(-1,)) + b"x."),
    in_joblib("a-shape-of-text", SIZES, lambda _: wrapper(shape="abc") + b"x."),
    in_joblib("an-order-that-is-none", SIZES, lambda _: wrapper(order="X") + b"x."),
    in_joblib("alignment-over-the-end", SIZES, lambda _: wrapper(numpy_array_alignment_bytes=16) + b"\xff."),
    in_joblib(
        "opcodes-in-the-alignment",
        SIZES,
        lambda c: wrapper(numpy_array_alignment_bytes=16) + b"\x00" + b"x0" + system(c) + b".",
        "posix.system",
        proof="joblib",
    ),
    in_joblib(
        "payload-behind-an-array", SIZES, lambda c: wrapper() + b"x0" + system(c) + b".", "posix.system", proof="joblib"
    ),
    in_joblib(
        "payload-that-lies-in-the-array",
        SIZES,
        lambda c: b"K\x000" + wrapper(shape=(3,)) + b"xyz" + system(c) + b"\x86.",
        "posix.system",
        proof="joblib",
    ),
    in_joblib(
        "subclass-of-a-command", LIES, lambda _: wrapper(subclass=name("posix", "system")) + b"x.", "posix.system"
    ),
    in_joblib(
        "subclass-matrix-of-a-name", LIES, lambda _: wrapper(subclass=name("numpy", "memmap")) + b"x.", "numpy.memmap"
    ),
    in_joblib(
        "an-old-wrapper",
        LIES,
        lambda _: (
            with_state(
                built(name("joblib.numpy_pickle", "NDArrayWrapper")),
                {"filename": "/etc/passwd", "subclass": name("numpy", "ndarray")},
            )
            + b"."
        ),
        "joblib.numpy_pickle.NDArrayWrapper",
    ),
    in_joblib(
        "an-old-compressed-wrapper",
        LIES,
        lambda _: (
            with_state(built(name("joblib.numpy_pickle", "ZNDArrayWrapper")), {"filename": "../x", "state": (1, 2)})
            + b"."
        ),
        "joblib.numpy_pickle.ZNDArrayWrapper",
    ),
    in_joblib(
        "a-wrapper-by-another-module",
        LIES,
        lambda c: (
            with_state(built(name("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper")), {"shape": (1,)})
            + system(c)
            + b"."
        ),
        verdicts=("unsafe", "corrupt", "needs-trust"),
    ),
    in_joblib(
        "a-wrapper-that-is-called",
        LIES,
        lambda c: call(name("joblib.numpy_pickle", "NumpyArrayWrapper.read"), 1) + system(c) + b"\x86.",
        "posix.system",
    ),
    in_joblib(
        "the-state-of-a-wrapper-twice",
        LIES,
        lambda c: with_state(wrapper(), {"shape": (1,)}) + b"x" + b"0" + system(c) + b".",
        proof="",
    ),
    in_joblib(
        "truncated-in-an-array",
        SIZES,
        lambda c: b"(" + system(c) + wrapper(shape=(100,)) + b"x",
        "posix.system",
        proof="joblib",
    ),
    in_joblib(
        "an-empty-array-of-objects",
        LIES,
        lambda c: (
            wrapper(dtype=with_state(dtype("O8"), state_of(flags=63)), shape=(0,)) + b"\x80\x04" + system(c) + b".."
        ),
        "posix.system",
        proof="joblib",
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_LIES, *_SIZES, *_JOBLIB)
