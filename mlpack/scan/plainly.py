"""Values of a file in a message: what is not plain is named by its type."""

from __future__ import annotations

_PLAIN = (type(None), bool, int, float)


def shown(value: object, length: int = 80) -> str:
    """``value`` as Python writes it, cut after ``length`` characters; of anything but text and numbers its type.

    A tuple of two tuples, each the same tuple of two, thirty times over, takes 100 bytes in a pickle and gigabytes in words.
    """
    if type(value) in {str, bytes}:
        return repr(value[:length])  # type: ignore[index]
    return repr(value)[:length] if type(value) in _PLAIN else f"a {type(value).__name__}"
