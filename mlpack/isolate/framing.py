"""A JSON document behind its length: what a worker and its parent say to each other before NumPy is there.

It is the head of a message of `mlpack.isolate.wire`, which adds arrays.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from typing import Any

LENGTH = struct.Struct("<Q")
MAX_HEAD_BYTES = 1 << 30


def frame(document: Any) -> bytes:
    """``document`` as JSON, with its length in 8 bytes, little end first, before it."""
    head = json.dumps(document).encode()
    return LENGTH.pack(len(head)) + head


def read_head(read_exactly: Callable[[int], bytearray]) -> Any:
    """Read one document with ``read_exactly(n)``, which raises EOFError when the other side is gone.

    Raises ValueError for a message that breaks the format.
    """
    (length,) = LENGTH.unpack(read_exactly(LENGTH.size))
    if length > MAX_HEAD_BYTES:
        raise ValueError(f"a message head of {length} bytes")
    return json.loads(read_exactly(length))


def read_exactly(descriptor: int, size: int) -> bytearray:
    """``size`` bytes of a pipe. Raises EOFError."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = os.readv(descriptor, [view])
        if not count:
            raise EOFError
        view = view[count:]
    return data
