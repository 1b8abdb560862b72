from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mlpack.verify.fingerprint import Fingerprint, fingerprint

ARRAYS = npst.arrays(
    st.sampled_from([np.float32, np.float64]),
    npst.array_shapes(min_dims=2, max_dims=4, max_side=5),
    elements=st.floats(-1e3, 1e3, width=32),
)


def taken(array: np.ndarray) -> Fingerprint:
    found = fingerprint("stage", array)
    assert found is not None
    return found


@settings(deadline=None)
@given(ARRAYS, st.randoms(use_true_random=False))
def test_axes_may_be_permuted_and_reshaped(array: np.ndarray, random: object) -> None:
    axes = list(range(array.ndim))
    random.shuffle(axes)  # type: ignore[attr-defined]
    for other in (np.transpose(array, axes), array.reshape(-1, 1), array[::-1]):
        assert taken(array).distance(taken(other)) < 1e-6


@settings(deadline=None)
@given(ARRAYS)
def test_it_survives_json(array: np.ndarray) -> None:
    found = taken(array)
    assert Fingerprint.from_json(json.loads(json.dumps(found.to_json()))) == found


@settings(deadline=None)
@given(ARRAYS, st.data())
def test_a_changed_value_shows_in_proportion(array: np.ndarray, data: st.DataObject) -> None:
    array = array.astype(np.float64)
    place = data.draw(st.integers(0, array.size - 1))
    changed = array.copy()
    step = 1.0 + float(np.sqrt(np.square(array).mean()))
    changed.flat[place] += step
    # The mean moves by step / size; 65 quantiles may miss one value of many, and the moments do not.
    assert taken(array).distance(taken(changed)) >= 0.9 / array.size * step / max(step, 1.0) / 2


@pytest.mark.parametrize("size", [1000, 100_000])
def test_rounding_is_not_a_difference(size: int) -> None:
    array = np.random.default_rng(0).normal(size=size)
    assert taken(array).distance(taken(array.astype(np.float32))) < 1e-6
    assert taken(array).distance(taken(array * 1.001)) > 5e-4


def test_nan_and_infinity_are_counted() -> None:
    found = taken(np.array([1.0, np.nan, np.inf, -np.inf, 2.0]))
    assert (found.nans, found.infinities, found.quantiles) == (1, 2, (1.0, 2.0))
    assert found.distance(taken(np.array([1.0, np.nan, np.nan, 3.0, 2.0]))) == math.inf


@pytest.mark.parametrize("array", [np.zeros((0, 3)), np.full((2, 2), np.nan), np.array(3.0), np.array([True, False])])
def test_odd_arrays(array: np.ndarray) -> None:
    assert taken(array).distance(taken(array)) == 0


def test_constants_tell_nothing() -> None:
    assert not taken(np.ones((4, 4))).tells
    assert taken(np.eye(4)).tells


def test_text_has_no_fingerprint() -> None:
    assert fingerprint("label", np.array(["a", "b"], object)) is None


def test_the_order_shows() -> None:
    array = np.random.default_rng(0).normal(size=(4, 12))
    turned = array.reshape(4, 3, 4).transpose(0, 2, 1).reshape(4, 12)
    assert taken(array).same_order(taken(array.astype(np.float32)), 1e-4)
    assert not taken(array).same_order(taken(turned), 1e-4)


def test_whole_numbers_beyond_float32() -> None:
    assert taken(np.array([0, 2**40, 2**41])).distance(taken(np.array([0, 2**40 + 2**20, 2**41]))) > 0
