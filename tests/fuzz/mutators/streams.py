"""Changes compressed files: what they unfold to, packed again in some way, or the stream itself."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Sequence
from random import Random

import lz4.frame
from fuzz.mutators.chance import changed_bytes

_MOST = 1 << 20
_PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda data: zlib.compress(data, 1),
    lambda data: gzip.compress(data, 1, mtime=0),
    lambda data: bz2.compress(data, 1),
    lambda data: lzma.compress(data, preset=0),
    lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE, preset=0),
    lz4.frame.compress,
)


def unpacked(data: bytes) -> bytes:
    """What ``data`` unfolds to; the same where it is not compressed, or not whole."""
    for start, unpack in _UNPACKERS:
        if data.startswith(start):
            try:
                return unpack(data)
            except Exception:
                return data
    return data


def _all_of(new: Callable[[], object]) -> Callable[[bytes], bytes]:
    return lambda data: new().decompress(data, _MOST)


_UNPACKERS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", lambda data: zlib.decompressobj(31).decompress(data, _MOST)),
    (b"BZh", _all_of(bz2.BZ2Decompressor)),
    (b"\xfd7zXZ", _all_of(lzma.LZMADecompressor)),
    (b"\x5d\x00", _all_of(lzma.LZMADecompressor)),
    (b"\x04\x22\x4d\x18", lambda data: lz4.frame.decompress(data) if len(data) < _MOST else data),
    (b"\x78", lambda data: zlib.decompressobj().decompress(data, _MOST)),
)


def changed_stream(
    inner: Callable[[bytes, Random, Sequence[bytes]], bytes], packs: float
) -> Callable[[bytes, Random, Sequence[bytes]], bytes]:
    """The mutation of a target that reads compressed data: ``inner`` changes the content, packed in ``packs`` of the cases."""

    def change(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
        if rng.random() < 0.15:
            return changed_bytes(data, rng, seeds)
        content = inner(unpacked(data), rng, [unpacked(rng.choice(seeds))] if seeds else ())
        if rng.random() >= packs:
            return content
        stream = rng.choice(_PACKERS)(content)
        if rng.random() < 0.1:
            stream += rng.choice((b"\0", stream, content[:20]))
        return stream

    return change
