from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from mlpack.verify.compare import compare_values
from mlpack.verify.evidence import values
from mlpack.verify.evidence.kept import EXCUSED, HELD
from mlpack.verify.evidence.labels import picture_of_labels
from mlpack.verify.evidence.values import DRAWN, WORST, Answers, picture_of_values
from mlpack.verify.tolerance import Tolerance

TOLERANCE = Tolerance(np.full(1, 1e-3), 0.0, "dtype", np.ones(1))


def picture(*pairs, held=True):
    answers = [Answers(one, other, np.full(len(one), held)) for one, other in pairs]
    return picture_of_values("y", answers, TOLERANCE, extreme=False)


def total(found) -> int:
    return found.exact + sum(map(sum, found.counts)) + sum(found.one_sided)


def test_errors_are_counted_by_half_decades():
    expected = np.ones((4, 1))
    found = picture((expected, expected + np.array([[0.0], [2e-4], [5e-4], [0.2]])))
    assert (found.exact, found.compared) == (1, 4)
    assert found.first == -8
    assert found.counts[:2] == ((1, 0, 0), (1, 0, 0))
    assert found.counts[-1] == (0, 1, 0)
    assert found.allowed == (1e-3, 1e-3)


def test_what_is_not_held_against_it_is_told_apart():
    one, other = np.zeros((2, 1)), np.ones((2, 1))
    assert picture((one, other)).counts == ((0, 2, 0),)
    assert picture((one, other), held=False).counts == ((0, 0, 2),)
    assert {point[2] for point in picture((one, other), held=False).points} == {EXCUSED}


def test_what_is_not_finite_has_no_place_on_the_scale():
    expected, given_ = np.array([[np.nan, np.inf, 1.0, 2.0]]), np.array([[np.nan, 3.0, np.inf, 2.0]])
    found = picture((expected, given_))
    assert (found.compared, found.exact, found.undefined, found.one_sided) == (2, 1, 1, (0, 1, 0))
    assert found.points == ((2.0, 2.0, 0),)


@settings(deadline=None)
@given(arrays(np.float64, (7, 3)), arrays(np.float32, (7, 3)))
def test_any_answers_add_up_to_what_the_comparison_says(expected, given_):
    measured = compare_values(expected, given_, TOLERANCE)
    found = picture((expected, given_))
    assert found.compared == measured.compared == total(found)
    assert (found.beyond > 0) == bool(measured.beyond.any())


def test_blocks_make_no_difference(monkeypatch):
    chance = np.random.default_rng(0)
    pairs = [
        (one, one + chance.normal(size=one.shape) * 1e-3) for one in (chance.normal(size=(n, 3)) for n in (500, 1, 700))
    ]
    whole = picture(*pairs)
    monkeypatch.setattr(values, "BLOCK", 50)
    assert picture(*pairs) == whole


def test_a_sample_is_bounded_and_has_the_worst():
    chance = np.random.default_rng(0)
    expected = chance.normal(size=(100_000, 3)).astype(np.float32)
    given_ = expected.copy()
    given_[777, 1] += 5
    found = picture((expected, given_))
    assert DRAWN <= len(found.points) <= DRAWN + WORST
    assert [point for point in found.points if point[2] == HELD] == [
        (float(expected[777, 1]), float(given_[777, 1]), HELD)
    ]
    assert found == picture((expected, given_))


def test_a_sample_sees_every_column():
    """Even steps over rows of 100 columns would see one of them."""
    expected = np.tile(np.arange(100.0), (13_000, 1))
    assert len({point[0] for point in picture((expected, expected)).points}) > 90


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_nothing_is_a_picture_of_nothing(shape):
    found = picture((np.zeros(shape), np.zeros(shape)))
    assert (found.compared, found.counts, found.points) == (0, (), ())


def test_labels_say_which_is_taken_for_which():
    expected = np.array(["cat", "cat", "dog", "cow"], dtype=object)
    given_ = np.array(["cat", "dog", "cat", "cow"], dtype=object)
    found = picture_of_labels(
        "label", [Answers(expected, given_, np.array([False, True, False, False]))], extreme=False
    )
    assert (found.rows, found.equal, found.held, found.excused) == (4, 2, 1, 1)
    assert found.pairs == (("cat", "dog", 1), ("dog", "cat", 1))
