"""NumPy: arrays of every type and layout, scalars, random numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from names.sample import Sample

_CODES = ("?", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d", "g", "F", "D", "G")


def arrays() -> Iterator[Sample]:
    """Arrays, scalars, generators of random numbers, and functions that estimators keep."""
    yield from _of_numbers()
    yield from _of_other_types()
    yield from _layouts()
    yield from _scalars()
    yield from _random()
    yield from _functions()


def _sample(name: str, value: Any) -> Sample:
    return Sample(f"numpy/{name}", value)


def _of_numbers() -> Iterator[Sample]:
    for code in _CODES:
        yield _sample(f"array of {code}", np.arange(7).astype(code))
    for code in (">f8", ">i4", ">c16", ">U3", ">M8[s]"):
        yield _sample(f"array of {code}", np.arange(3).astype(code))
    yield _sample("types", [np.dtype(code) for code in (*_CODES, "O", "S3", "U3", "V5", "M8[ns]", "m8[D]")])


def _of_other_types() -> Iterator[Sample]:
    record = np.dtype([("a", "f8"), ("b", "i4", (2,)), ("c", "U3")])
    yield _sample("structured", np.zeros(3, record))
    yield _sample("structured, aligned", np.zeros(3, np.dtype([("a", "u1"), ("b", "f8")], align=True)))
    yield _sample("structured with objects", np.array([(1, "x"), (2, None)], [("a", "f8"), ("b", "O")]))
    yield _sample("record array", np.rec.fromarrays([[1, 2], ["a", "b"]], names="n,t"))
    yield _sample("record", np.zeros(3, record)[0])
    yield _sample("dates", np.array(["2020-01-01", "NaT"], "M8[D]"))
    yield _sample("durations", np.array([1, 2], "m8[ms]"))
    yield _sample("text", np.array(["a", "bcd"]))
    yield _sample("bytes", np.array([b"a", b"bcd"]))
    yield _sample("void", np.zeros(2, "V7"))
    yield _sample("objects", np.array(["a", None, 1.5, (1, 2)], object))
    yield _sample("array in an array", np.array([np.arange(3), np.array(["x"])], object))
    yield _sample("masked", np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]))
    yield _sample("masked objects", np.ma.array(["a", None], mask=[0, 1], dtype=object))
    yield _sample("masked constant", np.ma.masked)
    yield _sample("masked records", np.ma.array([(1, 2.0)], mask=[(0, 1)], dtype=[("a", int), ("b", float)]))
    # joblib gives it back as an array since NumPy 2.
    yield Sample("numpy/matrix", np.asmatrix(np.eye(2)), np.asarray)
    yield _sample("characters", np.char.array(["a", "b"]))


def _layouts() -> Iterator[Sample]:
    values = np.arange(24, dtype="f8").reshape(2, 3, 4)
    yield _sample("Fortran order", np.asfortranarray(values))
    yield _sample("transposed", values.T)
    yield _sample("strided", values[:, ::2, ::-1])
    yield _sample("no dimension", np.array(3.5))
    yield _sample("empty", np.empty((0, 3)))
    yield _sample("read only", _locked(np.arange(4)))
    yield _sample("one array twice", [values, values, values[0]])
    yield _sample("objects in Fortran order", np.asfortranarray(np.array([["a", 1], [None, 2.0]], object)))
    yield _sample("no dimension, object", np.array(None))


def _locked(array: Any) -> Any:
    array.setflags(write=False)
    return array


def _scalars() -> Iterator[Sample]:
    for code in _CODES:
        yield _sample(f"scalar of {code}", np.dtype(code).type(1))
    yield _sample("date", np.datetime64("2020-01-01T00:00:01"))
    yield _sample("duration", np.timedelta64(3, "h"))
    yield _sample("text scalars", [np.str_("ab"), np.bytes_(b"ab"), np.void(b"abc")])


def _random() -> Iterator[Sample]:
    draw = _first_numbers
    for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        kind = getattr(np.random, name)
        yield Sample(f"numpy/Generator({name})", np.random.Generator(kind(3)), draw)
        yield Sample(f"numpy/{name}", kind(3), _raw_numbers)
        yield Sample(f"numpy/RandomState({name})", np.random.RandomState(kind(3)), draw)
    yield Sample("numpy/RandomState", np.random.RandomState(3), draw)
    yield Sample("numpy/default_rng", np.random.default_rng(3), draw)
    yield Sample("numpy/SeedSequence", np.random.SeedSequence(3).spawn(2)[1], lambda seeds: seeds.generate_state(4))
    yield Sample("numpy/the global RandomState", np.random.mtrand._rand, lambda source: type(source).__name__)


def _first_numbers(source: Any) -> Any:
    """What comes next, with the source left as it was."""
    return copy.deepcopy(source).normal(size=5)


def _raw_numbers(source: Any) -> Any:
    return copy.deepcopy(source).random_raw(5)


_FUNCTIONS = (
    *("mean", "median", "sum", "max", "min", "std", "var", "prod", "argmax", "argmin", "ptp", "quantile", "percentile"),
    *(
        "nanmean",
        "nanmedian",
        "nansum",
        "nanmax",
        "nanmin",
        "nanstd",
        "nanvar",
        "nan_to_num",
        "cumsum",
        "cumprod",
        "diff",
    ),
    *(
        "ravel",
        "squeeze",
        "reshape",
        "transpose",
        "concatenate",
        "hstack",
        "vstack",
        "column_stack",
        "stack",
        "flip",
        "roll",
    ),
    *(
        "asarray",
        "array",
        "ascontiguousarray",
        "atleast_2d",
        "clip",
        "round",
        "where",
        "sort",
        "argsort",
        "unique",
        "digitize",
    ),
    *(
        "real",
        "imag",
        "angle",
        "dot",
        "interp",
        "isclose",
        "linalg.norm",
        "count_nonzero",
        "any",
        "all",
        "zeros_like",
        "ones_like",
    ),
)
_TYPES = (
    "bool_",
    "str_",
    "bytes_",
    "object_",
    "datetime64",
    "timedelta64",
    "intp",
    "longlong",
    "number",
    "integer",
    "floating",
)


def _functions() -> Iterator[Sample]:
    ufuncs = [name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)]
    yield _sample("ufuncs", [getattr(np, name) for name in ufuncs])
    yield _sample("functions", [attrgetter(name)(np) for name in _FUNCTIONS])
    yield _sample("type classes", [np.dtype(code).type for code in _CODES] + [getattr(np, name) for name in _TYPES])
