"""The loader gives what CPython's unpickler gives for what the lists allow, and nothing for all else."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.core.trust import Trust
from mlpack.formats.joblib import FORMAT as JOBLIB
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.source import Source

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=300), st.binary(max_size=300)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(max_size=9), st.integers()), inner, max_size=5),
        st.frozensets(st.integers(), max_size=5),
        st.builds(bytearray, st.binary(max_size=9)),
    ),
    max_leaves=30,
)


def load(data, *allowed):
    return load_pickle(Source(io.BytesIO(data), "test", end=len(data)), Gate(Trust.of((), allowed)))


@settings(max_examples=300, deadline=None)
@given(values, st.integers(0, 5))
def test_plain_values_come_as_pickle_gives_them(value, protocol):
    data = pickle.dumps(value, protocol)
    assert load(data) == pickle.loads(data) == value


@settings(max_examples=300, deadline=None)
@given(values, st.integers(0, 5), st.data())
def test_what_was_changed_is_read_as_pickle_reads_it_or_refused(value, protocol, data):
    content = bytearray(pickle.dumps(value, protocol))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + 1] = data.draw(st.binary(max_size=2))
    try:
        made = load(bytes(content))
    except (CorruptFileError, UnsafeFileError):
        return
    if "Target(" not in repr(made):  # a name that may only be called is no use to a file that passes it on
        assert repr(made) == repr(pickle.loads(bytes(content), encoding="latin1"))


def test_a_large_pickle_crosses_buffers_and_frames():
    value = [{"name": f"feature {i}", "at": (i, i / 3, None), "text": "ü" * (i % 700)} for i in range(5000)]
    for protocol in range(6):
        assert load(pickle.dumps(value, protocol)) == value


def test_shared_objects_stay_shared():
    inner = [1]
    made = load(pickle.dumps([inner, inner, {"again": inner}]))
    assert made[0] is made[1] is made[2]["again"]


DTYPES = ["f8", ">f4", "i1", "?", "c16", "U7", "S5", "M8[ns]", "m8[us]", [("a", "f8"), ("b", "U3")], "O"]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("lz4", 1)], ids=["plain", "zlib", "lz4"])
def test_arrays_of_joblib_files(tmp_path, dtype, order, compress):
    array = np.array(np.arange(24).reshape(4, 6) % 2, dtype="i8").astype(np.dtype(dtype) if dtype != "O" else object)
    array = np.asarray(array, order=order)
    path = tmp_path / "array.joblib"
    joblib.dump({"first": array, "empty": array[:0]}, path, compress=compress)
    made = JOBLIB.load(path)
    assert made["first"].dtype == joblib.load(path)["first"].dtype
    assert np.array_equal(made["first"], array)
    assert made["empty"].shape == (0, 6)
    assert made["first"].flags.writeable
    assert made["first"].flags.aligned
    assert type(made["first"]) is np.ndarray


def test_arrays_of_an_uncompressed_file_lie_in_the_file_and_writing_does_not_change_it(tmp_path):
    path = tmp_path / "array.joblib"
    joblib.dump(np.zeros(1000), path)
    before = path.read_bytes()
    made = JOBLIB.load(path)
    assert not made.flags.owndata
    made[:] = 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("role", ["called", "built", "referred"])
def test_only_the_role_that_was_allowed_is_let_through(role):
    """A name that may be built cannot be called nor passed on."""
    uses = {
        "called": b"ctextwrap\nTextWrapper\n(K\x01tR.",
        "built": b"ctextwrap\nTextWrapper\n)\x81.",
        "referred": b"(ctextwrap\nTextWrapper\nt.",
    }
    for other, data in uses.items():
        if other == role:
            load(data, f"textwrap:TextWrapper:{role}")
        elif other != "referred":
            with pytest.raises(UnsafeFileError, match="refused"):
                load(data, f"textwrap:TextWrapper:{role}")
        else:
            (token,) = load(data, f"textwrap:TextWrapper:{role}")
            assert not isinstance(token, type), "what the file gets hold of must not be the class"


def test_a_state_cannot_bring_its_own_setstate():
    """CPython asks the instance for __setstate__; the file could have put it there."""
    state = b"}\x8c\x0c__setstate__cbuiltins\nlen\nsb"
    with pytest.raises(UnsafeFileError):
        load(b"\x80\x04ccollections\nOrderedDict\n)R" + state + b"cbuiltins\nlen\nb.", "builtins:len:referred")


def test_the_frame_that_c_pickle_reads_otherwise():
    """C pickle runs opcodes behind a frame that pickletools shows as bytes of a string; ours refuses the frame."""
    hidden = b"cbuiltins\nprint\n(\x8c\x05gotchatR."
    body = b"\x8c" + bytes([len(hidden)]) + hidden
    data = b"\x80\x04\x95" + struct.pack("<Q", 2) + body + b"."
    with pytest.raises((UnsafeFileError, CorruptFileError)):
        load(data)


def lying_dtype(flags):
    """A structured dtype with an object in it whose state claims other flags."""
    honest = np.dtype([("a", "O")]).__reduce__()

    class Lie:
        def __reduce__(self):
            return honest[0], honest[1], (*honest[2][:7], flags)

    class Array:
        def __reduce__(self):
            make, arguments, _ = np.zeros(1).__reduce__()
            return make, arguments, (1, (1,), Lie(), False, b"\x41" * 8)

    return pickle.dumps(Array())


def test_a_dtype_that_denies_its_objects_is_refused_before_numpy_sees_it():
    with pytest.raises(UnsafeFileError, match="refused"):
        load(lying_dtype(0))
    crashed = subprocess.run(
        [sys.executable, "-c", "import pickle,sys; print(pickle.loads(sys.stdin.buffer.read())[0])"],
        input=lying_dtype(0),
        check=False,
        capture_output=True,
    )
    assert crashed.returncode < 0, "NumPy takes the bytes for a pointer: the guard is needed"


def test_a_dtype_cannot_change_under_an_array():
    """First an array of 8 raw bytes, then its type becomes objects."""

    class Late:
        def __reduce__(self):
            return np.dtype, ("V8", False, True)

    class Array:
        def __init__(self, dtype):
            self.dtype = dtype

        def __reduce__(self):
            make, arguments, _ = np.zeros(1).__reduce__()
            return make, arguments, (1, (1,), self.dtype, False, b"\x41" * 8)

    late, stream = Late(), io.BytesIO()
    pickler = pickle._Pickler(stream, 2)
    pickler.dump([Array(late)])
    place = pickler.memo[id(late)][0]
    state = pickle.dumps(np.dtype([("a", "O")]).__reduce__()[2], 2)[2:-1]
    honest = stream.getvalue()
    assert load(honest)[0].dtype == np.dtype("V8")
    with pytest.raises((UnsafeFileError, CorruptFileError)):
        load(honest[:-1] + b"h" + bytes([place]) + state + b"b0.")


def test_two_equal_keys_of_tuples_in_tuples_are_not_compared():
    deep = b")" + b"\x85" * 9_000
    with pytest.raises(UnsafeFileError):
        load(b"\x80\x04}(" + deep + b"N" + deep + b"Nu.")


def test_an_integer_that_python_would_not_write_as_text_is_refused():
    with pytest.raises(CorruptFileError):
        load(b"\x80\x04\x8b" + struct.pack("<i", 2_000) + b"\x7f" * 2_000 + b".")
