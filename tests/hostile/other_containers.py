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

from hostile.assembler import a_file, pickled, system
from hostile.corpus import Hostile
from hostile.zip_builder import DEFLATED, Member, zipped

COMPRESSED = "containers: compressed streams"
BOMBS = "containers: bombs"
NESTED = "containers: archives in archives"

CLEAN = pickled({})


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


def odd(canary: Path) -> bytes:
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
        "a-second-gzip-member", COMPRESSED, "model.joblib", lambda c: gzip.compress(CLEAN) + gzip.compress(payload(c))
    ),
    contained(
        "a-second-bz2-stream", COMPRESSED, "model.joblib", lambda c: bz2.compress(CLEAN) + bz2.compress(payload(c))
    ),
    contained(
        "a-second-xz-stream", COMPRESSED, "model.joblib", lambda c: lzma.compress(CLEAN) + lzma.compress(payload(c))
    ),
    *(
        contained(
            f"a-pickle-behind-{kind}",
            COMPRESSED,
            "model.joblib",
            lambda c, pack=pack: pack(CLEAN) + payload(c),
            says=("the file goes on",),
            rules=("compression/behind",),
            unscanned="",
        )
        for kind, pack in _COMPRESSORS.items()
    ),
    contained("gzip-of-an-odd-pickle", COMPRESSED, "model.joblib", lambda c: gzip.compress(odd(c)), proof="joblib"),
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
        "tar-in-gzip", NESTED, "model.tar.gz", lambda c: gzip.compress(tar_of(a=CLEAN, b=payload(c))), unscanned=""
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
    contained("an-odd-pickle-in-a-zip", NESTED, "model.zip", lambda c: _packed(odd(c), "readme.txt"), unscanned=""),
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
        "a-pickle-that-is-a-zip-too", NESTED, "model.pkl", lambda c: CLEAN + _packed(payload(c)), says=("goes on",)
    ),
    contained(
        "a-text-that-is-a-zip-too", NESTED, "readme.txt", lambda c: b"hello\n" * 9 + _packed(payload(c)), unscanned=""
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_STREAMS, *_BOMBS, *_NESTED)
