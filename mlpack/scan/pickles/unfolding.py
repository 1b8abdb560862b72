"""How far the tuples of a pickle unfold: a tuple of one tuple twice, that in one twice, and thirty lines later it never ends.

A memo makes it so: 100 bytes hold a tuple that has a billion parts once it is written out, hashed, compared or made an array.
Libraries do such things with what they are given, so there is a bound to what all tuples of a pickle unfold to together.
"""

from __future__ import annotations

from typing import Any

_HEAVY = 256
"""Parts from which on they are remembered and not counted again."""


class Unfolding:
    """Counts the parts of tuples, each once for every place that it lies in, down from ``most``."""

    def __init__(self, most: int) -> None:
        self.left = most
        """Below zero there were more."""
        self._heavy: dict[int, tuple[Any, int]] = {}
        """Tuples with many parts, by identity; they are held so that no other takes their place."""

    def made(self, items: tuple[Any, ...] | frozenset[Any]) -> None:
        """A tuple or a frozenset was made."""
        parts = plain = 1 + len(items)
        for part in items:
            if part.__class__ is tuple or part.__class__ is frozenset:
                parts += self._parts(part)
        if parts > plain or parts > _HEAVY:
            self.left -= parts
            if parts > _HEAVY:
                self._heavy[id(items)] = items, parts

    def used(self, value: Any) -> None:
        """``value`` is looked through: a state, arguments, a key. Of lists and dictionaries the items alone count."""
        kind = value.__class__
        if kind is tuple or kind is frozenset:
            self.left -= self._parts(value)
        elif kind is dict or kind is list or kind is set:
            self.left -= len(value)

    def _parts(self, items: Any) -> int:
        known = self._heavy.get(id(items))
        if known is not None:
            return known[1]
        parts = 1 + len(items)
        for part in items:
            if part.__class__ is tuple or part.__class__ is frozenset:
                parts += self._parts(part)
        return parts
