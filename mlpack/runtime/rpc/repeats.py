"""Requests that differ from one before in nothing but the elements of their one tensor: they need not be parsed again.

A client writes the same bytes before the elements every time, unless it gives its requests ids; and to parse them, and hold
names, dtypes and sizes against the model, takes longer than to compare them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..session import Array

_MOST = 64
_LONGEST = 512
"""The most kinds of requests that are remembered, and the most bytes of each."""
_LARGEST = 1 << 16
"""The most bytes of elements: beside more of them, all else takes no time."""


@dataclass(frozen=True, slots=True)
class Known:
    """A request that was answered: what stands before the elements, and what it meant."""

    head: bytes
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    asked: Any
    model: Any
    """What it was meant for; another bundle may have another name and version."""


class Repeats:
    """Remembers requests by their lengths. A head says how long the elements after it are: equal heads mean the same."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}

    def find(self, raw: bytes, model: Any) -> tuple[Array, Any] | None:
        """The array in a request whose head is known, and what else it asked for."""
        known = self._known.get(len(raw))
        if known is None or known.model is not model or not raw.startswith(known.head):
            return None
        elements = raw[len(known.head) :]  # a copy, which is aligned as a view would not be
        return np.frombuffer(elements, known.dtype).reshape(known.shape), known.asked

    def learn(self, raw: bytes, request: Any, array: Array, asked: Any, model: Any) -> None:
        """Remember a request that was in order, if the elements of ``array`` are the last that it holds."""
        if array.dtype.kind not in "fiu" or not 0 < array.nbytes <= _LARGEST:
            return
        head = raw[: len(raw) - array.nbytes]
        request.DiscardUnknownFields()
        if len(head) > _LONGEST or request.SerializeToString() != raw:
            return  # only of what protobuf itself would write is it known that the field of the highest number comes last
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[len(raw)] = Known(head, array.dtype, array.shape, asked, model)


def varint(number: int) -> bytes:
    """Source: https://protobuf.dev/programming-guides/encoding/#varints."""
    groups = bytearray()
    while number >= 0x80:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
