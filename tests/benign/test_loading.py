"""Every honest object opens without trust, whichever way it was written, and is what it was."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pytest
from names.alike import alike
from names.corpus import PARTS
from names.dumps import dumped

from mlpack.formats.joblib import FORMAT as JOBLIB
from mlpack.formats.pickle import FORMAT as PICKLE

pytestmark = pytest.mark.filterwarnings("ignore")

COMPRESSIONS = ("zlib", "gzip", "bz2", "xz", "lzma", "lz4")
WAYS = (*(f"pickle {protocol}" for protocol in range(6)), "joblib", *(f"joblib {name}" for name in COMPRESSIONS))
COMPARED = ("pickle 0", "pickle 2", "pickle 5", "joblib", "joblib lz4")
UNSTEADY = (b"sklearn.tree._tree", b"scipy.spatial._ckdtree", b"scipy.spatial._kdtree", b"aligned")
"""What is pickled with the gaps between its fields, where there is whatever was there before."""
FLAGS = ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED")


def write(value, way, path):
    """``value`` in a file, as ``way`` says."""
    library, _, how = way.partition(" ")
    if library == "pickle":
        path.write_bytes(dumped(value, "pickle", int(how)))
    else:
        joblib.dump(value, path, compress=(how, 1) if how else 0)


def load(way, path):
    return (PICKLE if way.startswith("pickle") else JOBLIB).load(path)


def load_otherwise(way, path):
    return pickle.loads(path.read_bytes()) if way.startswith("pickle") else joblib.load(path)


def is_steady(sample):
    content = pickle.dumps(sample.value, 5) + sample.name.encode()
    return not any(mark in content for mark in UNSTEADY)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("part", PARTS)
def test_it_opens_and_answers_the_same(part, way, samples, expected, tmp_path):
    path, different, tried = tmp_path / "file", [], 0
    for sample in samples(part):
        if way[-1:].isdigit() and way.startswith("pickle") and int(way[-1]) < sample.oldest:
            continue
        write(sample.value, way, path)
        tried += 1
        if not alike(sample.answers(load(way, path)), expected(sample)):
            different.append(sample.name)
    assert different == []
    assert tried > 15


@pytest.mark.parametrize("way", COMPARED)
@pytest.mark.parametrize("part", PARTS)
def test_it_is_what_pickle_makes_of_it(part, way, samples, tmp_path):
    """Pickled again to equal bytes: equal values, and what was one object is one object, as pickle writes that once."""
    path, different, compared = tmp_path / "file", [], 0
    for sample in filter(is_steady, samples(part)):
        if way == "pickle 0" and sample.oldest:
            continue
        write(sample.value, way, path)
        compared += 1
        if pickle.dumps(load(way, path), 5) != pickle.dumps(load_otherwise(way, path), 5):
            different.append(sample.name)
    assert different == []
    assert compared > 15


def flags_of(value):
    """Of each array in a value of lists, in order: whether it is native and what NumPy's flags say."""
    if isinstance(value, np.ndarray):
        return [(type(value), value.dtype.isnative, *(value.flags[name] for name in FLAGS))]
    return [flags for item in value for flags in flags_of(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("way", ["pickle 2", "pickle 4", "pickle 5", "joblib", "joblib zlib"])
def test_arrays_lie_as_pickle_lays_them(way, samples, tmp_path):
    path = tmp_path / "file"
    for sample in samples("arrays"):
        write(sample.value, way, path)
        assert flags_of(load(way, path)) == flags_of(load_otherwise(way, path)), sample.name
