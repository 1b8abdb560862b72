"""What a pickle may say of a type of NumPy, and that no lie of it costs more than a refusal."""

from __future__ import annotations

import io
import pickle
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan.endless import endless

from mlpack.core.errors import UnsafeFileError
from mlpack.scan.pickles.dtypes import Extents, described
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.pickles.stream import read_pickle
from mlpack.scan.source import Source

HONEST = [
    np.dtype("f8"),
    np.dtype(">i4"),
    np.dtype("U7"),
    np.dtype("M8[25s]"),
    np.dtype("m8"),
    np.dtype([("a", "f8"), ("b", "O")]),
    np.dtype([("a", "i1"), ("b", "f8", (2, 3))], align=True),
    np.dtype([("a", [("b", "U3"), ("c", "M8[ms]")])]),
]


ODD = [None, "", "V8", b"<", "é", -1, 1 << 200, 0.5, True, (), ("a",), [], {}, {"a": 1}, {"a": "ab"}, {"b": ("ab",)}]
ODD += [np.dtype("O"), np.zeros(3), endless(), (endless(), endless()), {"a": endless()}, (None, ("s", 1, 1, endless()))]


def source(data):
    return Source(io.BytesIO(data), "test", end=len(data))


def unfolding(levels, width=2):
    """A type of ``width`` fields, each of one type of ``width`` fields, and so on; all of them lie in the same bytes."""
    kind = np.dtype("V8")
    for _ in range(levels):
        names = [f"f{place}" for place in range(width)]
        kind = np.dtype({"names": names, "formats": [kind] * width, "offsets": [0] * width, "itemsize": 8})
    return kind


@pytest.mark.parametrize("kind", HONEST, ids=str)
def test_what_numpy_writes_is_what_is_read(kind):
    make, arguments, state = kind.__reduce__()
    assert described(make(*arguments), state) == (kind, state[7])
    data = pickle.dumps(kind)
    assert load_pickle(source(data), Gate()) == kind
    assert not read_pickle(source(data)).findings


PLACES, CHOICE = st.integers(0, 9), st.integers(0, len(ODD) - 1)
"""Where, and which: Hypothesis would write out the values themselves, and some have no end."""


@given(st.sampled_from(HONEST), PLACES, CHOICE, PLACES, CHOICE)
def test_any_other_state_raises_nothing_but_what_is_caught(kind, first, odd, second, other):
    make, arguments, state = kind.__reduce__()
    parts = [*state, None]
    parts[min(first, len(state))], parts[min(second, len(state))] = ODD[odd], ODD[other]
    for wrong in (tuple(parts), tuple(parts[: len(state)]), parts[: first + 1], ODD[odd]):
        with suppress(TypeError, ValueError, OverflowError):
            described(make(*arguments), wrong)


@pytest.mark.parametrize("kind", [unfolding(34), unfolding(2, 101), unfolding(33, 1)], ids=["doubles", "wide", "deep"])
def test_a_type_that_unfolds_without_end(kind):
    """Asked for its text or its hash, NumPy would be at it for years."""
    data = pickle.dumps(kind)
    assert "unfolds" in read_pickle(source(data)).findings[0].message
    with pytest.raises(UnsafeFileError):
        load_pickle(source(data), Gate())


def test_a_type_of_many_columns_is_loaded():
    kind = np.dtype([(f"column {place}", "f8") for place in range(5000)])
    assert load_pickle(source(pickle.dumps(np.zeros(2, kind))), Gate()).dtype == kind


def test_parts_of_parts_are_counted_once_for_each_place():
    extents = Extents()
    inner, outer = unfolding(1, 3), unfolding(2, 3)
    extents.keep(inner, extents.admit(inner))
    assert extents.admit(inner) == (4, 2)
    assert extents.admit(outer) == (13, 3)
    assert extents.admit(np.dtype((outer, (5,)))) == (13, 3)
