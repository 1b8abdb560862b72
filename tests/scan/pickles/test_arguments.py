"""Listed functions called as no library calls them: refused when judged, and refused again when loaded."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from mlpack.core.errors import UnsafeFileError
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.pickles.stream import read_pickle
from mlpack.scan.source import source_of


def text(value):
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def name(module, attribute):
    return text(module) + text(attribute) + b"\x93"


def call(module, attribute, *arguments):
    return name(module, attribute) + b"(" + b"".join(arguments) + b"tR"


def number(value):
    return pickle.dumps(value, 2)[2:-1]


def whole(content):
    return b"\x80\x04" + content + b"."


ARRAY = call("numpy", "dtype", text("f8"), b"\x89", b"\x88")
OBJECTS = call("numpy", "dtype", text("O8"), b"\x89", b"\x88")
NDARRAY = name("numpy", "ndarray")
PANDAS = "pandas.core.indexes"

MISUSES = {
    "a codec": call("_codecs", "encode", text("x"), text("zlib_codec")),
    "a size as bytes": call("builtins", "bytearray", number(1 << 40)),
    "bytes of an array": call("builtins", "bytes", ARRAY),
    "a set of a range": call("builtins", "set", call("builtins", "range", number(1 << 40))),
    "a frozenset of text": call("builtins", "frozenset", text("ab")),
    "a queue of a range": call("collections", "deque", call("builtins", "range", number(1 << 40))),
    "a default that counts": call("collections", "defaultdict", name("builtins", "len")),
    "a fraction with an exponent": call("fractions", "Fraction", text("1e1000000000")),
    "a pattern that prints": call("re", "_compile", text("x"), number(128)),
    "a zone out of the folder": call("builtins", "getattr", name("zoneinfo", "ZoneInfo"), text("_unpickle"))
    + b"("
    + text("../../etc/passwd")
    + b"\x88tR",
    "an object under another built-in": call(
        "copyreg", "_reconstructor", name("collections", "deque"), name("builtins", "list"), b"N"
    ),
    "a type of a list": call("numpy", "dtype", b"]", b"\x89", b"\x88"),
    "a type that is NumPy's own": call("numpy", "dtype", text("f8"), b"\x89", b"\x89"),
    "an array of a shape": call("numpy._core.multiarray", "_reconstruct", NDARRAY, number((5,)), text("b")),
    "an array of objects": call("numpy._core.multiarray", "_reconstruct", NDARRAY, number((0,)), text("O")),
    "an array that is none": call(
        "numpy._core.multiarray", "_reconstruct", name("builtins", "list"), number((0,)), text("b")
    ),
    "the memory of an array": call("numpy._core.numeric", "_frombuffer", ARRAY, ARRAY, number((1,)), text("C")),
    "the order of an object": call("numpy._core.numeric", "_frombuffer", b"C\x08AAAAAAAA", ARRAY, number((1,)), ARRAY),
    "the shape of an object": call("numpy._core.numeric", "_frombuffer", b"C\x08AAAAAAAA", ARRAY, ARRAY, text("C")),
    "a scalar of an object": call("numpy._core.multiarray", "scalar", OBJECTS, b"C\x08AAAAAAAA"),
    "a scalar of a list": call("numpy._core.multiarray", "scalar", ARRAY, b"]"),
    "random numbers by another function": call(
        "numpy.random._pickle", "__generator_ctor", text("PCG64"), name("builtins", "len")
    ),
    "random numbers of another class": call("numpy.random._pickle", "__bit_generator_ctor", name("builtins", "list")),
    "a tree of another class": call("sklearn.neighbors._kd_tree", "newObj", name("pandas", "Index")),
    "an index of another class": call(f"{PANDAS}.base", "_new_Index", name("builtins", "list"), b"}"),
    "an interval of another class": call(f"{PANDAS}.interval", "_new_IntervalIndex", name("pandas", "DataFrame"), b"}"),
    "a sparse index of a list": call("pandas._libs.sparse", "IntIndex", number(3), b"]"),
    "a sparse index unchecked": call("pandas._libs.sparse", "IntIndex", number(3), b"N", b"\x89"),
    "text of arrow with arrays inside": call(
        "pyarrow.lib",
        "_restore_array",
        b"(" + call("pyarrow.lib", "type_for_alias", text("string")) + number(1) + number(0) * 2 + b"]]N\x85Nt",
    ),
    "a buffer of arrow in an array": call("pyarrow.lib", "py_buffer", ARRAY),
    "a type of arrow": call("pyarrow.lib", "type_for_alias", text("int64")),
}


def judged(content):
    return read_pickle(source_of(io.BytesIO(content), "test")).findings


def loaded(content):
    return load_pickle(source_of(io.BytesIO(content), "test"), Gate())


@pytest.mark.parametrize("what", MISUSES)
def test_a_misuse_is_found_and_not_made(what):
    content = whole(MISUSES[what])
    assert "pickle/argument" in {finding.rule for finding in judged(content)}
    with pytest.raises(UnsafeFileError):
        loaded(content)


def test_an_array_of_memory_cannot_be_had():
    """``numpy.ndarray`` may be named, as each joblib file does. Called, it would take eight bytes for an object."""
    built = NDARRAY + b"(" + number((1,)) + OBJECTS + b"C\x08AAAAAAAAt"
    for content in (whole(built + b"R"), whole(built + b"\x81")):
        assert judged(content)
        with pytest.raises(UnsafeFileError):
            loaded(content)
    assert loaded(whole(NDARRAY)) is not np.ndarray


class TestMethods:
    """Methods are pickled with getattr, which is on no list: they are, one by one."""

    def test_a_listed_one_comes_bound(self):
        from scipy import stats

        frozen = loaded(pickle.dumps(stats.randint(1, 9), 5))
        assert frozen.dist.vecentropy.pyfunc.__self__ is frozen.dist

    @pytest.mark.parametrize("method", ["rvs", "__class__", "__init__", "_entropy.__func__"])
    def test_no_other_of_its_class(self, method):
        made = name("scipy.stats._discrete_distns", "randint_gen") + b")\x81"
        content = whole(call("builtins", "getattr", made, text(method)))
        assert [finding.use.rpartition(":")[0] for finding in judged(content)] == [
            f"scipy.stats._discrete_distns:randint_gen.{method}"
        ]
        with pytest.raises(UnsafeFileError):
            loaded(content)

    @pytest.mark.parametrize("owner", [name("builtins", "str"), text("x"), name("os", "path")])
    def test_none_of_what_is_no_object_of_a_listed_class(self, owner):
        content = whole(call("builtins", "getattr", owner, text("format")))
        assert judged(content)
        with pytest.raises(UnsafeFileError):
            loaded(content)

    def test_methods_of_text(self):
        assert loaded(pickle.dumps([str.lower, str.split], 5)) == [str.lower, str.split]


class TestPartials:
    """A partial of one function is a name of its own."""

    CHECK = name("sklearn.utils.validation", "check_array")

    def made(self, function, state=b""):
        return whole(call("functools", "partial", function) + state)

    def test_the_listed_one(self):
        from sklearn.utils.validation import check_array

        content = self.made(self.CHECK + b"\x94", b"(h\x00)}Ntb")
        assert judged(content) == ()
        assert loaded(content).func is check_array

    def test_of_another_function(self):
        content = self.made(name("numpy", "log1p"))
        assert [finding.use for finding in judged(content)] == ["functools:partial(numpy.log1p):called"]
        with pytest.raises(UnsafeFileError):
            loaded(content)

    def test_that_becomes_one_of_another_function(self):
        content = self.made(self.CHECK, b"(" + name("numpy", "log1p") + b")}Ntb")
        assert [finding.rule for finding in judged(content)] == ["pickle/state"]
        with pytest.raises(UnsafeFileError):
            loaded(content)
