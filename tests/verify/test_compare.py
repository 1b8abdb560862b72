import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlpack.verify.compare import compare_labels, compare_values, contract, near_ties
from mlpack.verify.tolerance import Tolerance, exactly

EXACT = exactly()
LOOSE = Tolerance(np.full(1, 1e-3), 0.0, "dtype", np.full(1, 1e39))
FLOATS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.floats(width=32))


@given(FLOATS)
def test_an_answer_equals_itself_whatever_it_holds(values):
    measured = compare_values(values, values.copy(), EXACT)
    assert not measured.beyond.any()
    assert not measured.undefined.any()
    assert measured.max_abs == 0


@given(FLOATS, st.data())
def test_one_changed_value_is_found_in_its_row(values, data):
    flat = data.draw(st.integers(0, values.size - 1)) if values.size else None
    if flat is None:
        return
    changed = values.copy().ravel()
    changed[flat] = 0.0 if abs(values.ravel()[flat]) > 1 or not np.isfinite(values.ravel()[flat]) else 7.0
    measured = compare_values(values, changed.reshape(values.shape), LOOSE)
    row = np.unravel_index(flat, values.shape)[0]
    assert np.flatnonzero(measured.beyond | measured.undefined).tolist() == [row]
    assert measured.worst_row == row


def test_a_reference_without_a_finite_answer_defines_nothing():
    measured = compare_values(np.array([np.nan, 1.0]), np.array([0.5, np.nan]), LOOSE)
    assert measured.undefined.tolist() == [True, False]
    assert measured.beyond.tolist() == [False, True]


def test_a_value_beyond_the_candidates_range_equals_its_infinity():
    measured = compare_values(np.array([1e300, -1e300]), np.array([np.inf, -np.inf], np.float32), LOOSE)
    assert not (measured.beyond | measured.undefined).any()


def test_ulps_count_representable_numbers_across_zero():
    tiny = np.nextafter(np.float32(0), np.float32(1))
    measured = compare_values(np.array([-tiny, np.float32(1)]), np.array([tiny, np.float32(1)]), LOOSE)
    assert measured.max_ulp == 2


@pytest.mark.parametrize(
    ("reference", "candidate", "complaint"),
    [
        (np.zeros((3, 2)), np.zeros((3, 2), np.float32), ""),
        (np.zeros(3), np.zeros((3, 1)), ""),
        (np.zeros((3, 2)), np.zeros((2, 3)), "shape"),
        (np.array([True]), np.array([1]), "dtype"),
        (np.array([1.5]), np.array([1]), "dtype"),
        (np.array([1], np.int8), np.array([1]), ""),
        (np.array(["a"]), np.array(["a"], object), ""),
    ],
)
def test_shapes_and_dtype_kinds_are_compared_strictly(reference, candidate, complaint):
    found, _ = contract(reference, candidate)
    assert found.startswith(complaint)
    assert bool(found) == bool(complaint)


def test_near_ties_are_told_from_real_disagreements():
    labels, given_labels = np.array(["a", "a", "a"], object), np.array(["b", "b", "a"], object)
    scores = np.array([[0.5, 0.5 - 1e-9], [0.9, 0.1], [0.7, 0.3]])
    measured = compare_labels(labels, given_labels)
    assert measured.beyond.tolist() == [True, True, False]
    assert measured.agreement == pytest.approx(1 / 3)
    ties = near_ties(
        labels, given_labels, scores, ("a", "b"), Tolerance(np.full(1, 1e-6), 0.0, "dtype", np.ones(1)), measured.beyond
    )
    assert ties.tolist() == [True, False, False]


def test_a_binary_decision_near_zero_is_a_near_tie():
    labels, given_labels = np.array([0, 0]), np.array([1, 1])
    ties = near_ties(labels, given_labels, np.array([-1e-9, -2.0]), (0, 1), LOOSE, np.array([True, True]))
    assert ties.tolist() == [True, False]
