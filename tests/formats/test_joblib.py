"""Compressions, arrays between the opcodes, and memory."""

from __future__ import annotations

import gzip
import importlib.util
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError, MissingLibraryError
from mlpack.core.model_file import sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify

JOBLIB = format_named("joblib")


@pytest.mark.parametrize("method", ["zlib", "gzip", "bz2", "lzma", "xz"])
@pytest.mark.parametrize("level", [1, 9])
def test_every_compression_is_read_and_named(method, level, tmp_path, model_of, answers):
    path = tmp_path / "model.joblib"
    joblib.dump(model_of("sklearn"), path, compress=(method, level))
    form, header = identify(path)
    assert (form.name, header.compression) == ("joblib", method)
    assert header.model == "Pipeline(StandardScaler, RandomForestClassifier)"
    assert header.signature is not None
    assert header.signature.classes["label"] == ("setosa", "versicolor", "virginica")
    loaded = JOBLIB.load(path, Trust.of([sha256_of(path)]))
    np.testing.assert_array_equal(answers("sklearn", loaded), answers("sklearn", model_of("sklearn")))


def test_a_gzipped_pickle_is_read_too(tmp_path, model_of):
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(model_of("sklearn"))))
    form, header = identify(path)
    assert (form.name, header.compression, header.framework) == ("joblib", "gzip", "sklearn")


def test_lz4_is_read_or_named_as_the_library_to_install(tmp_path):
    path = tmp_path / "model.joblib"
    path.write_bytes(b"\x04\x22\x4d\x18" + bytes(100))
    expected = CorruptFileError if importlib.util.find_spec("lz4") else MissingLibraryError
    with pytest.raises(expected) as refusal:
        identify(path)
    if expected is MissingLibraryError:
        assert "pip install lz4" in refusal.value.hint


@pytest.mark.parametrize("method", ["zlib", "gzip", "bz2", "lzma", "xz"])
def test_a_compressed_stream_cut_short_is_corrupt(method, tmp_path, model_of):
    path = tmp_path / "model.joblib"
    joblib.dump(model_of("sklearn"), path, compress=(method, 3))
    whole = path.read_bytes()
    for cut in range(600, len(whole), len(whole) // 12):
        path.write_bytes(whole[:cut])
        with pytest.raises(CorruptFileError):
            identify(path)


ARRAYS = {
    "empty": np.empty((0, 3)),
    "zero-dimensional": np.array(3.5),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "bool": np.array([True, False]),
    "text": np.array(["a", "bcd"]),
    "bytes": np.array([b"a", b"bcd"]),
    "objects": np.array(["a", None, 3], dtype=object),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "complex": np.ones(3, dtype=np.complex64),
    "big endian": np.arange(3, dtype=">i4"),
    "structured": np.zeros(4, dtype=[("a", "<f4"), ("b", "<i8", (2,)), ("c", "S5")]),
    "structured with objects": np.zeros(2, dtype=[("a", "O"), ("b", "f4")]),
    "large": np.arange(100_000.0),
    "matrix": np.matrix([[1, 2], [3, 4]]),
    "float16": np.ones(5, dtype=np.float16),
}


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("compress", [0, 3])
def test_the_reader_stands_right_behind_every_kind_of_array(kind, compress, tmp_path):
    path = tmp_path / "arrays.joblib"
    joblib.dump([ARRAYS[kind], {"behind": ARRAYS[kind]}, "end"], path, compress=compress)
    form, header = identify(path)
    assert form.name == "joblib"
    assert header.framework is None
    assert header.model == "a list, not a model"


_PEAK = """
import re, sys
from pathlib import Path
from mlpack.formats import format_named
source, target = map(Path, sys.argv[1:])
pickled, joblib = format_named("pickle"), format_named("joblib")
import joblib as _, numpy
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
joblib.save(pickled.load(source), target)
print((peak() - before) * 1024)
"""


@pytest.mark.parametrize("protocol", [4, 5])
def test_pickle_to_joblib_holds_the_arrays_once(protocol, tmp_path):
    arrays = {f"block {index}": np.full((10_000_000,), index, dtype=np.float32) for index in range(7)}
    size = sum(array.nbytes for array in arrays.values())
    source = tmp_path / "large.pkl"
    with source.open("wb") as file:
        pickle.dump(arrays, file, protocol=protocol)
    del arrays
    run = subprocess.run(
        [sys.executable, "-c", _PEAK, source, tmp_path / "large.joblib"], capture_output=True, text=True, check=True
    )
    assert 0.9 * size < int(run.stdout) <= 1.3 * size
    (tmp_path / "large.joblib").unlink()


def test_a_pickler_that_others_patched_changes_nothing(tmp_path, model_of):
    """dill, imported by way of TensorFlow, replaces entries in the table of the pickler that joblib extends."""
    path = tmp_path / "model.joblib"
    JOBLIB.save(model_of("keras"), path)
    assert not [name for name in identify(path)[1].classes if name.startswith("dill")]
