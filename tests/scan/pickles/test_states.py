"""What a state may not hold, wherever in it that lies: NumPy takes an attribute of that name for an address in memory."""

from __future__ import annotations

import copyreg
import io
import pickle

import numpy as np
import pandas as pd
import pytest
from scan.endless import endless
from scipy.optimize import OptimizeResult
from scipy.sparse import csr_matrix
from scipy.stats import norm
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch

from mlpack.core.errors import UnsafeFileError
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.pickles.states import wrong_state
from mlpack.scan.pickles.stream import read_pickle
from mlpack.scan.source import Source

SECRET = np.array([4242.0])
ADDRESS = {"__array_interface__": SECRET.__array_interface__}


class Reduced:
    """Pickled as the call and the state that it is given."""

    def __init__(self, *reduction):
        self.reduction = reduction

    def __reduce__(self):
        return self.reduction


def source(root, protocol=2):
    data = pickle.dumps(root, protocol)
    return Source(io.BytesIO(data), "test", end=len(data))


def refused(root):
    assert [finding.severity for finding in read_pickle(source(root)).findings] == ["error"], "the judge sees it"
    with pytest.raises(UnsafeFileError):
        load_pickle(source(root), Gate())


def dates(attributes):
    """An array of dates whose state ends with ``attributes``, in both forms that pandas reads."""
    make, arguments, (dtype, array) = pd.array(np.zeros(1, "M8[ns]")).__reduce__()
    yield Reduced(make, arguments, (array, dtype, attributes))
    yield Reduced(make, arguments, ({"_ndarray": array, "_dtype": dtype, **attributes},))
    yield Reduced(make, (*arguments[:2], (array, dtype, attributes)))


@pytest.mark.parametrize("way", range(3))
def test_an_array_of_dates_brings_no_address(way):
    refused(list(dates(ADDRESS))[way])


def test_an_array_of_dates_with_other_attributes_is_loaded():
    assert load_pickle(source(next(dates({"_freq": None}))), Gate())[0] == pd.Timestamp(0)


@pytest.mark.parametrize("kind", [Bunch, OptimizeResult])
def test_a_dictionary_that_answers_by_attribute_is_not_made_with_an_address(kind):
    """Its items are its attributes, and what protocols 0 and 1 make it of sets them."""
    refused(Reduced(copyreg._reconstructor, (kind, dict, ADDRESS)))


@pytest.mark.parametrize("protocol", [0, 1, 2, 5])
def test_a_dictionary_that_answers_by_attribute_is_loaded(protocol):
    assert load_pickle(source(Bunch(a=1), protocol), Gate()).a == 1


@pytest.mark.parametrize(
    ("make", "arguments", "state"),
    [
        (np.ma.core.MaskedConstant, (), (1, (2,), np.dtype("f8"), False, bytes(16), bytes(2), None)),
        (pd.NaT.__reduce__()[0], (None,), {"value": 1}),
    ],
)
def test_what_a_library_has_one_of_stays_as_it_is(make, arguments, state):
    refused(Reduced(make, arguments, state))
    assert np.ma.masked.shape == ()
    assert "value" not in vars(pd.NaT)


def test_a_state_that_unfolds_without_end_is_looked_through_once():
    assert wrong_state("sklearn", endless()) == ""


def test_the_version_of_an_estimator_is_a_text():
    """scikit-learn says which version it is, where that is another, and an object would say it in code of its own."""
    make = copyreg._reconstructor
    inner = Reduced(make, (DecisionTreeClassifier, object, None), {"_sklearn_version": "1.9.0"})
    refused(Reduced(make, (DecisionTreeClassifier, object, None), {"_sklearn_version": inner}))


def fitted_tree():
    return DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1]).tree_


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (type(norm), {"_parse_arg_template": endless()}),
        (DecisionTreeClassifier, {"_sklearn_version": endless()}),
        (csr_matrix, {**vars(csr_matrix(np.eye(2))), "_shape": endless()}),
    ],
)
def test_what_unfolds_without_end_is_not_written_out(kind, state):
    with pytest.raises(UnsafeFileError):
        load_pickle(source(Reduced(copyreg._reconstructor, (kind, object, None), state)), Gate())


def test_a_depth_that_unfolds_without_end_is_not_written_out():
    make, arguments, state = fitted_tree().__reduce__()
    with pytest.raises(UnsafeFileError):
        load_pickle(source(Reduced(make, arguments, {**state, "max_depth": endless()})), Gate())


def test_what_lies_outside_is_not_written_out():
    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return endless(levels=10) if value == "outside" else None

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump("outside")
    data = buffer.getvalue()
    assert read_pickle(Source(io.BytesIO(data), "test", end=len(data))).findings
    with pytest.raises(UnsafeFileError):
        load_pickle(Source(io.BytesIO(data), "test", end=len(data)), Gate())
