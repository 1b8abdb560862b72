"""Python's own values, as they lie in parameters and beside models."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import pathlib
import re
import uuid
import zoneinfo
from collections.abc import Iterator
from typing import Any

from names.sample import Sample

_TEXT_METHODS = (
    "lower",
    "upper",
    "casefold",
    "title",
    "capitalize",
    "strip",
    "lstrip",
    "rstrip",
    "split",
    "splitlines",
)


def plain() -> Iterator[Sample]:
    """Samples of Python's library."""
    for name, value in _values().items():
        yield Sample(f"python/{name}", value)


def _values() -> dict[str, Any]:
    shared = ["one", "list"]
    day = datetime.datetime(2020, 1, 2, 3, 4, 5, 6)
    return {
        "numbers": [0, -1, 2**31, 2**100, 1.5, float("inf"), 1 + 2j, True, None, Ellipsis, NotImplemented],
        "text": ["", "a", "naïve ☃ 𝄞", "two\nlines", "x" * 300],
        "bytes": [b"", b"a\x00\xff", b"x" * 300, bytearray(b"abc"), bytearray()],
        "containers": [[], (), {}, set(), frozenset(), [1], (1,), (1, 2, 3, 4), {"a": 1}, {1, 2}, frozenset({3})],
        "shared": [shared, shared, {"again": shared}],
        "OrderedDict": collections.OrderedDict(a=1, b=[2]),
        "defaultdict": [
            collections.defaultdict(int, a=1),
            collections.defaultdict(list),
            collections.defaultdict(None),
        ],
        "Counter": collections.Counter("abca"),
        "deque": [collections.deque([1, 2], maxlen=5), collections.deque("ab")],
        "range": [range(3), range(1, 9, 2), slice(1, None, 2), slice(None)],
        "dates": [day, day.date(), day.time(), datetime.timedelta(days=1, seconds=2)],
        "dates in a zone": [day.replace(tzinfo=datetime.UTC), datetime.timezone(datetime.timedelta(hours=2))],
        "decimal": [decimal.Decimal("1.50"), decimal.Decimal("NaN"), fractions.Fraction(-1, 3), fractions.Fraction(2)],
        "uuid": uuid.UUID(int=5),
        "classes": [int, float, str, bool, list, dict, tuple, set, object, bytes, complex],
        "pattern": re.compile(r"[a-z]+", re.IGNORECASE),
        "paths": [pathlib.PurePosixPath("/a/b.csv"), pathlib.PosixPath("c/d")],
        "zone": zoneinfo.ZoneInfo("Europe/Berlin"),
        "methods of text": [getattr(str, name) for name in _TEXT_METHODS],
        "functions": [len, sum, min, max, abs, round, sorted],
    }
