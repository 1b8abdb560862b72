"""Values that take a hundred bytes in a pickle, and would have no end once they were written out."""

from __future__ import annotations

from typing import Any


def endless(leaf: Any = (), levels: int = 200) -> Any:
    """A tuple of one tuple twice, that of one twice, and so on."""
    for _ in range(levels):
        leaf = (leaf, leaf)
    return leaf
