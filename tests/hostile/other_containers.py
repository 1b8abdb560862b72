"""Pickles in compressed streams, tar files, archives in archives, array files, rows of pickles, and under other names."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.assembler import a_file, pickled, system, value
from hostile.corpus import Hostile
from hostile.zip_builder import DEFLATED, Member, zipped

COMPRESSED = "containers: compressed streams"
BOMBS = "containers: bombs"
NESTED = "containers: archives in archives"
ARRAYS = "containers: .npy and .npz"
ROWS = "containers: rows of pickles"
RENAMED = "containers: renamed"

_CLEAN = pickled({})


def payload(canary: Path) -> bytes:
    """A pickle that runs a command."""
    return pickled(system(canary))


def _lz4(data: bytes) -> bytes:
    import lz4.frame

    compressed: bytes = lz4.frame.compress(data)
    return compressed


_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "lz4": _lz4,
}


def contained(title: str, bypass: str, file: str, content: Callable[[Path], bytes], *says: str, **more: Any) -> Hostile:
    """An entry that holds a pickle in something else."""
    more = {"says": ("posix.system", *says), "proof": "", "unscanned": "joblib", **more}
    return Hostile(f"container/{title}", bypass, a_file(file, content), **more)


def _split(canary: Path) -> bytes:
    """One pickle in two gzip members."""
    data = payload(canary)
    return gzip.compress(data[:20]) + gzip.compress(data[20:])


def _odd(canary: Path) -> bytes:
    """A pickle that does not begin like one."""
    return b"N0" + system(canary) + b"."


_STREAMS = (
    *(
        contained(
            f"{kind}-as-{ending}", COMPRESSED, f"model{ending}", lambda c, pack=pack: pack(payload(c)), proof="joblib"
        )
        for kind, pack in _COMPRESSORS.items()
        for ending in (".joblib", ".pkl")
    ),
    *(
        contained(f"{kind}-behind-{kind}", COMPRESSED, "model.joblib", lambda c, pack=pack: pack(pack(payload(c))))
        for kind, pack in _COMPRESSORS.items()
    ),
    contained("a-pickle-in-two-gzip-members", COMPRESSED, "model.joblib", _split, proof=""),
    contained(
        "a-second-gzip-member", COMPRESSED, "model.joblib", lambda c: gzip.compress(_CLEAN) + gzip.compress(payload(c))
    ),
    contained(
        "a-second-bz2-stream", COMPRESSED, "model.joblib", lambda c: bz2.compress(_CLEAN) + bz2.compress(payload(c))
    ),
    contained(
        "a-second-xz-stream", COMPRESSED, "model.joblib", lambda c: lzma.compress(_CLEAN) + lzma.compress(payload(c))
    ),
    *(
        contained(
            f"a-pickle-behind-{kind}",
            COMPRESSED,
            "model.joblib",
            lambda c, pack=pack: pack(_CLEAN) + payload(c),
            says=("the file goes on",),
            rules=("compression/behind",),
            unscanned="",
        )
        for kind, pack in _COMPRESSORS.items()
    ),
    contained("gzip-of-an-odd-pickle", COMPRESSED, "model.joblib", lambda c: gzip.compress(_odd(c)), proof="joblib"),
    contained(
        "gzip-cut-short",
        COMPRESSED,
        "model.joblib",
        lambda c: gzip.compress(payload(c) + bytes(1000))[:-8],
        proof="joblib",
        verdicts=("unsafe", "corrupt"),
    ),
    contained(
        "gzip-with-another-checksum",
        COMPRESSED,
        "model.joblib",
        lambda c: gzip.compress(payload(c))[:-8] + bytes(8),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
    contained(
        "gzip-in-bz2-in-xz", COMPRESSED, "model.pkl", lambda c: lzma.compress(bz2.compress(gzip.compress(payload(c))))
    ),
)


def _zeros(_: Path) -> bytes:
    """100 MiB of zeros as one pickled value, in bz2 streams of 45 bytes for each mebibyte."""
    block = bytes(1 << 20)
    return bz2.compress(b"\x80\x04\x8e" + struct.pack("<Q", 100 << 20)) + 100 * bz2.compress(block)


def _wide_dictionary(canary: Path) -> bytes:
    """lzma that asks for a dictionary of 4 GiB."""
    data = lzma.compress(payload(canary), format=lzma.FORMAT_ALONE)
    return data[:1] + b"\xff\xff\xff\xff" + data[5:]


_BOMBS = (
    contained(
        "bz2-that-unfolds-ten-thousandfold", BOMBS, "model.joblib", _zeros, says=("unfolds",), rules=("container/size",)
    ),
    contained(
        "lzma-with-a-dictionary-of-gigabytes",
        BOMBS,
        "model.joblib",
        _wide_dictionary,
        says=(),
        verdicts=("unsafe", "corrupt"),
    ),
)


def tar_of(**members: bytes) -> bytes:
    """A tar archive."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def _packed(content: bytes, name: str = "model.pkl") -> bytes:
    return zipped([Member(name, content, method=DEFLATED)])


def _deep(canary: Path) -> bytes:
    data = payload(canary)
    for _ in range(8):
        data = _packed(data, "a.zip")
    return data


def _of_7z(canary: Path) -> bytes:
    """The signature of 7z, a header, and the pickle as it is."""
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24) + payload(canary)


_NESTED = (
    contained("tar", NESTED, "model.tar", lambda c: tar_of(a=payload(c)), unscanned=""),
    contained("tar-as-pkl", NESTED, "model.pkl", lambda c: tar_of(a=payload(c))),
    contained(
        "tar-in-gzip", NESTED, "model.tar.gz", lambda c: gzip.compress(tar_of(a=_CLEAN, b=payload(c))), unscanned=""
    ),
    contained(
        "tar-of-torch",
        NESTED,
        "model.pth",
        lambda c: tar_of(sys_info=pickled({}, 2), storages=payload(c), tensors=payload(c), pickle=payload(c)),
        proof="torch",
        unscanned="torch",
    ),
    contained("zip-of-a-pickle", NESTED, "model.zip", lambda c: _packed(payload(c)), unscanned=""),
    contained("zip-of-a-pickle-as-joblib", NESTED, "model.joblib", lambda c: _packed(payload(c))),
    contained("zip-in-a-zip", NESTED, "model.zip", lambda c: _packed(_packed(payload(c))), unscanned=""),
    contained("tar-in-a-zip", NESTED, "model.zip", lambda c: _packed(tar_of(a=payload(c))), unscanned=""),
    contained("zip-in-a-tar", NESTED, "model.tar", lambda c: tar_of(a=_packed(payload(c))), unscanned=""),
    contained(
        "gzip-in-a-zip", NESTED, "model.zip", lambda c: _packed(gzip.compress(payload(c)), "a.bin"), unscanned=""
    ),
    contained("an-odd-pickle-in-a-zip", NESTED, "model.zip", lambda c: _packed(_odd(c), "readme.txt"), unscanned=""),
    contained(
        "an-encrypted-zip-in-a-zip",
        NESTED,
        "model.zip",
        lambda c: _packed(zipped([Member("a", payload(c), local={"flags": 1}, central={"flags": 1})])),
        rules=("zip/encrypted",),
        unscanned="",
    ),
    contained(
        "zips-eight-deep", NESTED, "model.zip", _deep, says=("archives",), rules=("container/deep",), unscanned=""
    ),
    contained("7z", NESTED, "model.pth", _of_7z, says=("7z",), rules=("file/container",), unscanned="torch"),
    contained(
        "rar",
        NESTED,
        "model.pkl",
        lambda c: b"Rar!\x1a\x07\x01\x00" + payload(c),
        says=("RAR",),
        rules=("file/container",),
    ),
    contained(
        "zstd",
        NESTED,
        "model.pkl",
        lambda c: b"\x28\xb5\x2f\xfd" + payload(c),
        says=("zstd",),
        rules=("file/container",),
    ),
    contained(
        "a-pickle-that-is-a-zip-too", NESTED, "model.pkl", lambda c: _CLEAN + _packed(payload(c)), says=("goes on",)
    ),
    contained(
        "a-text-that-is-a-zip-too", NESTED, "readme.txt", lambda c: b"hello\n" * 9 + _packed(payload(c)), unscanned=""
    ),
)


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
    renamed("odd-pickle-as-onnx", "model.onnx", _odd),
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

HOSTILE: tuple[Hostile, ...] = (*_STREAMS, *_BOMBS, *_NESTED, *_ARRAYS, *_ROWS, *_RENAMED)
