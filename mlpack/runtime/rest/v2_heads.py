"""Requests whose JSON is, byte for byte, one that was answered before: only the tensors behind it are new.

A client sends the same few lines before every binary tensor. What they say, and that the model takes it, is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..manifest import Manifest
from ..session import Array, Feed
from .answer import Header
from .v2_request import Chosen, Input, Request

Written = tuple[Sequence[Header], bytes]
"""Headers and JSON of an answer, which its bytes follow."""

_LONGEST = 2048
_MOST = 128
_UNPLAIN = frozenset({"BYTES", "BOOL", "BF16"})
"""Datatypes whose bytes have to be read before it is known whether they are right."""


class Asked:
    """What a request asks for beside its tensors: its id, its rows, its outputs, and the model that was served when it came.

    Where all outputs come ``as_bytes``, ``answers`` has what was written before them, by their shapes and sizes.
    """

    __slots__ = ("answers", "as_bytes", "chosen", "identity", "manifest", "rows")

    def __init__(self, identity: str | None, rows: int, chosen: Chosen, manifest: Manifest) -> None:
        self.manifest = manifest
        self.identity = identity
        self.rows = rows
        self.chosen = chosen
        self.as_bytes = all(as_bytes for _, as_bytes in chosen)
        self.answers: dict[tuple[object, ...], Written] = {}


class Head:
    """What such a JSON says. ``size`` is that of the bytes behind it."""

    __slots__ = ("_places", "asked", "size")

    def __init__(self, request: Request, feed: Feed, asked: Asked) -> None:
        self.asked = asked
        self.size = 0
        places: dict[str, tuple[int, int]] = {}
        for given in request.inputs:
            start, self.size = self.size, self.size + feed[given.name].nbytes
            places[given.name] = (start, self.size)
        self._places = [(name, *places[name], array.dtype, array.shape) for name, array in feed.items()]

    def feed(self, tail: bytes) -> Feed:
        """The inputs in ``tail``. Each is aligned, for it is cut out as bytes of its own."""
        feed: dict[str, Array] = {}
        for name, start, stop, dtype, shape in self._places:
            feed[name] = np.frombuffer(tail[start:stop], dtype).reshape(shape)
        return feed


class Heads:
    """The heads that were seen last."""

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}

    def find(self, text: bytes, tail: bytes) -> Head | None:
        """The head ``text``, if it was seen before and ``tail`` is as long as it says."""
        head = self._known.get(text)
        return head if head is not None and head.size == len(tail) else None

    def remember(self, text: bytes, request: Request, feed: Feed, asked: Asked) -> None:
        """Keep ``text`` for the next time, where all of its inputs are plain numbers."""
        if len(text) > _LONGEST or not all(_is_plain(given) for given in request.inputs):
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[text] = Head(request, feed, asked)


def _is_plain(given: Input) -> bool:
    return given.data is None and given.datatype not in _UNPLAIN
