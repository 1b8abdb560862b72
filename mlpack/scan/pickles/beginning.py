"""Tells a pickle by its first bytes."""

from __future__ import annotations

import re

from mlpack.scan.pickles.opcodes import HIGHEST_PROTOCOL

_PROTO = 0x80
# Protocols 0 and 1 declare nothing. A model begins with the name of what rebuilds it; a list or dict of models with an
# empty container, a mark, and a memo or a name.
_UNDECLARED = re.compile(
    rb"\(*[ci][A-Za-z_][\w.]*\r?\n[A-Za-z_][\w.]*\r?\n|\([ld]p\d+\n|[\]})](q.|p\d+\n)\(?", re.DOTALL
)


def begins_like_pickle(head: bytes) -> bool:
    """Whether ``head`` can be the beginning of a pickle."""
    if head[:1] == bytes([_PROTO]):
        return len(head) > 1 and 2 <= head[1] <= HIGHEST_PROTOCOL
    return _UNDECLARED.match(head) is not None
