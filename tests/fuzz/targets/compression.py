"""Compressed streams, read to their end under the cap."""

from __future__ import annotations

from fuzz.files import a_file
from fuzz.mutators.chance import changed_bytes
from fuzz.mutators.streams import changed_stream
from fuzz.target import Target

from mlpack.scan.compression import compression_of, first_bytes, open_decompressed

_CHUNK = 1 << 16


def unfold(data: bytes) -> None:
    """All of it, in reads and skips of changing size."""
    path = a_file(data)
    compression = compression_of(data[:16])
    if not compression:
        return
    assert len(first_bytes(path, compression, 64)) <= 64
    with open_decompressed(path, compression) as source:
        step = 1
        while not source.at_end():
            ahead = len(source.peek())
            source.skip(min(step, ahead))
            source.read(min(step, len(source.peek())))
            step = min(2 * step, _CHUNK)


TARGETS = (Target("compression", unfold, changed_stream(changed_bytes, 0.3), ("compression",)),)
