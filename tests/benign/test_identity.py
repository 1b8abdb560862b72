"""What is loaded without trust is what pickle itself would have made: the same sharing, layout and writability."""

from __future__ import annotations

import io
import pickle

import joblib
import numpy as np
import pytest
from names.corpus import PARTS
from names.dumps import dumped

from mlpack.formats.joblib import FORMAT as JOBLIB
from mlpack.formats.pickle import FORMAT as PICKLE

pytestmark = pytest.mark.filterwarnings("ignore")

UNSTEADY = (b"sklearn.tree._tree", b"scipy.spatial._ckdtree")
"""The nodes of these trees are pickled with the gaps between their fields, where there is whatever was there before."""
FLAGS = ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED")


def by_pickle(content, kind):
    return pickle.loads(content) if kind == "pickle" else joblib.load(io.BytesIO(content))


@pytest.mark.parametrize(
    ("kind", "protocol"), [("pickle", 0), ("pickle", 2), ("pickle", 5), ("joblib", 3), ("joblib", 5)]
)
@pytest.mark.parametrize("part", PARTS)
def test_it_is_pickled_again_to_the_same_bytes(part, kind, protocol, samples, tmp_path):
    """Equal bytes mean equal values, and that what was one object is one object: pickle writes it once."""
    path, different, compared = tmp_path / "file", [], 0
    for sample in samples(part):
        if protocol < sample.oldest:
            continue
        content = dumped(sample.value, kind, protocol)
        if any(module in content for module in UNSTEADY):
            continue
        path.write_bytes(content)
        loaded = (PICKLE if kind == "pickle" else JOBLIB).load(path)
        compared += 1
        if pickle.dumps(loaded, 5) != pickle.dumps(by_pickle(content, kind), 5):
            different.append(sample.name)
    assert different == []
    assert compared > 15


def flags_of(value):
    """Of each array in a value of lists, in order: whether it is native and what NumPy's flags say."""
    if isinstance(value, np.ndarray):
        return [(type(value), value.dtype.isnative, *(value.flags[name] for name in FLAGS))]
    return [flags for item in value for flags in flags_of(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_lie_as_pickle_lays_them(protocol, samples, tmp_path):
    path = tmp_path / "file"
    for sample in samples("arrays"):
        path.write_bytes(dumped(sample.value, "pickle", protocol))
        assert flags_of(PICKLE.load(path)) == flags_of(pickle.loads(path.read_bytes())), sample.name


@pytest.mark.parametrize("compress", [0, 3])
def test_arrays_of_joblib_lie_as_joblib_lays_them(compress, samples, tmp_path):
    path = tmp_path / "file"
    for sample in samples("arrays"):
        joblib.dump(sample.value, path, compress=compress)
        assert flags_of(JOBLIB.load(path)) == flags_of(joblib.load(path)), sample.name
