"""Array files with pickles in them, rows of pickles as torch wrote them, and all of it under other names."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.assembler import a_file, pickled, system, value
from hostile.corpus import Hostile
from hostile.other_containers import odd, payload
from hostile.zip_builder import DEFLATED, Member, zipped

ARRAYS = "containers: .npy and .npz"
ROWS = "containers: rows of pickles"
RENAMED = "containers: renamed"


def npy(descr: Any, shape: tuple[int, ...], data: bytes, version: int = 1, header: bytes | None = None) -> bytes:
    """An array file."""
    told = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() if header is None else header
    told += b" " * (-(len(told) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(told)) + told + data


def array_file(
    title: str, content: Callable[[Path], bytes], *says: str, file: str = "data.npy", **more: Any
) -> Hostile:
    """An entry that is an array file."""
    more = {"proof": "numpy", "unscanned": "numpy", **more}
    return Hostile(f"npy/{title}", ARRAYS, a_file(file, content), says, **more)


def _objects(canary: Path) -> bytes:
    return npy("|O", (1,), payload(canary))


_ARRAYS = (
    array_file("objects", _objects, "holds pickled objects", "posix.system", rules=("numpy/objects",)),
    array_file(
        "objects-in-a-record",
        lambda c: npy([("a", "<f8"), ("b", "|O")], (1,), payload(c)),
        "posix.system",
        rules=("numpy/objects",),
    ),
    array_file(
        "objects-in-version-3",
        lambda c: npy("|O", (1,), payload(c), version=3),
        "posix.system",
        rules=("numpy/objects",),
    ),
    array_file(
        "objects-of-shape-zero", lambda c: npy("|O", (0,), payload(c)), "posix.system", rules=("numpy/objects",)
    ),
    array_file("objects-as-pkl", _objects, "posix.system", file="model.pkl"),
    array_file("objects-as-joblib", _objects, "posix.system", file="model.joblib"),
    array_file(
        "objects-in-an-npz",
        lambda c: zipped([Member("a.npy", npy("<f8", (1,), bytes(8))), Member("b.npy", _objects(c), method=DEFLATED)]),
        "posix.system",
        file="data.npz",
    ),
    array_file(
        "a-pickle-in-an-npz",
        lambda c: zipped([Member("a.npy", npy("<f8", (1,), bytes(8))), Member("b.npy", payload(c))]),
        "posix.system",
        file="data.npz",
        proof="",
        unscanned="",
    ),
    array_file(
        "two-of-one-name-in-an-npz",
        lambda c: zipped([Member("a.npy", _objects(c)), Member("a.npy", npy("<f8", (1,), bytes(8)))]),
        "posix.system",
        file="data.npz",
        proof="",
        rules=("zip/duplicate",),
        unscanned="",
    ),
    array_file(
        "a-header-that-is-code",
        lambda c: npy(0, (), b"", header=f"open({str(c)!r}, 'w')".encode()),
        "header",
        verdicts=("corrupt",),
        proof="",
    ),
    array_file(
        "a-header-of-brackets", lambda _: npy(0, (), b"", header=b"(" * 9000), "header", verdicts=("corrupt",), proof=""
    ),
    array_file(
        "a-header-of-megabytes",
        lambda _: npy(0, (), b"", version=2, header=b"{" + b" " * (1 << 20)),
        "header",
        verdicts=("corrupt",),
        proof="",
    ),
    array_file(
        "a-shape-larger-than-the-file",
        lambda _: npy("<f8", (1 << 40,), bytes(8)),
        "bytes",
        verdicts=("corrupt",),
        proof="",
        unscanned="",
    ),
    array_file("a-negative-shape", lambda _: npy("<f8", (-1,), bytes(8)), "shape", verdicts=("corrupt",), proof=""),
)


def row(*pickles: bytes) -> bytes:
    """What torch wrote before 1.6: its magic number, a version, facts of the machine, the object, the keys of its storages."""
    magic = pickled(0x1950A86A20F9469CFC6C, 2)
    usual = [magic, pickled(1001, 2), pickled({"little_endian": True}, 2), pickled({}, 2), pickled([], 2)]
    return b"".join((*pickles, *usual[len(pickles) :]))


def _magic_after(canary: Path) -> bytes:
    return b"\x80\x02" + system(canary) + b"0" + value(0x1950A86A20F9469CFC6C) + b"."


def _rows(title: str, content: Callable[[Path], bytes], **more: Any) -> Hostile:
    more = {"says": ("posix.system",), "proof": "torch", "unscanned": "torch", **more}
    return Hostile(f"torch/{title}", ROWS, a_file("model.pth", content), **more)


_MAGIC, _VERSION, _MACHINE = pickled(0x1950A86A20F9469CFC6C, 2), pickled(1001, 2), pickled({"little_endian": True}, 2)

_ROWS = (
    _rows("payload-in-the-first-pickle", lambda c: row(_magic_after(c))),
    _rows("payload-in-the-second-pickle", lambda c: row(_MAGIC, pickled(system(c), 2))),
    _rows("payload-in-the-third-pickle", lambda c: row(_MAGIC, _VERSION, pickled(system(c), 2))),
    _rows("payload-in-the-fourth-pickle", lambda c: row(_MAGIC, _VERSION, _MACHINE, pickled(system(c), 2))),
    _rows(
        "payload-in-the-fifth-pickle", lambda c: row(_MAGIC, _VERSION, _MACHINE, pickled({}, 2), pickled(system(c), 2))
    ),
    _rows("payload-in-a-sixth-pickle", lambda c: row() + pickled(system(c), 2), proof="", verdicts=("unsafe",)),
    _rows("payload-in-a-persistent-id", lambda c: row(_MAGIC, _VERSION, _MACHINE, b"\x80\x02" + system(c) + b"Q.")),
    _rows("payload-before-a-broken-tail", lambda c: row(_MAGIC, _VERSION, _MACHINE, b"\x80\x02" + system(c) + b"\xff")),
)

_NAMES = (
    "onnx",
    "h5",
    "keras",
    "pt",
    "pth",
    "joblib",
    "bin",
    "safetensors",
    "csv",
    "json",
    "txt",
    "npy",
    "npz",
    "gguf",
    "dat",
    "sav",
    "zip",
)


def _torch_zip(canary: Path) -> bytes:
    return zipped([Member("m/data.pkl", pickled(system(canary), 2)), Member("m/version", b"3\n")])


def renamed(title: str, file: str, content: Callable[[Path], bytes], **more: Any) -> Hostile:
    """An entry whose ending says something else."""
    return Hostile(f"renamed/{title}", RENAMED, a_file(file, content), ("posix.system",), **more)


_RENAMED = (
    *(renamed(f"pickle-as-{ending}", f"model.{ending}", payload) for ending in _NAMES),
    renamed("pickle-without-an-ending", "model", payload),
    renamed("pickle-as-two-endings", "model.onnx.pkl", payload),
    renamed("odd-pickle-as-onnx", "model.onnx", odd),
    *(
        renamed(f"torch-as-{ending}", f"model.{ending}", _torch_zip, proof="torch", unscanned="torch")
        for ending in ("pkl", "joblib", "onnx", "h5", "keras", "zip", "bin")
    ),
    *(
        renamed(
            f"gzip-as-{ending}",
            f"model.{ending}",
            lambda c: gzip.compress(payload(c)),
            proof="joblib",
            unscanned="joblib",
        )
        for ending in ("onnx", "pt", "h5")
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_ARRAYS, *_ROWS, *_RENAMED)
