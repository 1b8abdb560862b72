"""Whether two loaded values are the same, cycles and all; and a look at what was loaded, so that what is broken in it shows."""

from __future__ import annotations

from typing import Any

import numpy as np

_MOST_PAIRS = 20_000
_MOST_LOOKED_AT = 300
_MOST_ITEMS = 10_000


def difference(one: Any, other: Any) -> str:
    """Where two plain values differ, empty where they do not. Objects that are shared in one are shared in the other."""
    pending: list[tuple[Any, Any, str]] = [(one, other, "")]
    partner: dict[int, Any] = {}
    while pending and len(partner) < _MOST_PAIRS:
        left, right, where = pending.pop()
        if type(left) is not type(right):
            return f"{type(left)} and {type(right)} at {where}"
        if isinstance(left, list | dict | set | bytearray):
            if id(left) in partner:
                if partner[id(left)] is not right:
                    return f"shared in one alone at {where}"
                continue
            partner[id(left)] = right
        elif isinstance(left, tuple):
            if partner.get(id(left)) is right:
                continue
            partner[id(left)] = right
        if isinstance(left, list | tuple):
            if len(left) != len(right):
                return f"{len(left)} and {len(right)} items at {where}"
            pending += [(a, b, f"{where}[{at}]") for at, (a, b) in enumerate(zip(left, right, strict=True))]
        elif isinstance(left, dict):
            if len(left) != len(right):
                return f"{len(left)} and {len(right)} keys at {where}"
            for (key, a), (key_of_other, b) in zip(left.items(), right.items(), strict=True):
                pending += [(key, key_of_other, f"{where} key"), (a, b, f"{where}[…]")]
        elif isinstance(left, set | frozenset):
            if len(left) != len(right):
                return f"{len(left)} and {len(right)} members at {where}"
        elif left != right and not (left != left and right != right):
            return f"{left!r:.80} and {right!r:.80} at {where}"
    return ""


def look_at(value: Any) -> None:
    """Read what lies in containers, attributes and arrays; a broken array would bring the process down."""
    pending, seen = [value], set()
    while pending and len(seen) < _MOST_LOOKED_AT:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, np.ndarray):
            if part.size <= _MOST_ITEMS and part.nbytes < 1 << 20:
                repr(np.asarray(part).dtype)
                pending.append(np.asarray(part).tolist())
        elif isinstance(part, dict):
            pending += [*dict.keys(part), *dict.values(part)]
        elif isinstance(part, list | tuple | set | frozenset):
            pending += list(part)
        else:
            pending.append(getattr(part, "__dict__", None))
