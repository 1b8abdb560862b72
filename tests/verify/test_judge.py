"""What is held against a candidate, and what is only reported, row by row."""

import numpy as np
import pytest

from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.align import align
from mlpack.verify.judge import ROUNDED_AWAY, judge
from mlpack.verify.peer import Answer
from mlpack.verify.probe import Probe
from mlpack.verify.tolerance import Tolerance
from mlpack.verify.trial import Asked

SIGNATURE = Signature(
    (TensorSpec("input", "float64", ("batch", 2)),),
    (TensorSpec("scores", "float64", ("batch", 2)),),
)
ALIGNMENT = align(SIGNATURE, SIGNATURE)
TOLERANCE = {"scores": Tolerance(np.full(1, 1e-3), 0.0, "dtype", np.ones(1))}


def asked(kind, expected, given, rows=None, cast=None):
    rows = np.zeros((len(expected), 2)) if rows is None else np.asarray(rows, dtype=float)
    return Asked(
        Probe("probe", kind, {"input": rows}),
        Answer({"scores": np.asarray(expected, dtype=float)}),
        Answer({"scores": np.asarray(given, dtype=float)}),
        None if cast is None else Answer({"scores": np.asarray(cast, dtype=float)}),
        len(rows),
        (("input", 0),),
    )


def verdict(item, **traits):
    return judge(item, ALIGNMENT, TOLERANCE, **traits).verdict


@pytest.mark.parametrize("kind", ["data", "drawn", "batch", "threshold", "missing", "infinite", "extreme"])
def test_a_finite_answer_binds(kind):
    assert verdict(asked(kind, [[1, 2]], [[1, 2.5]])) == "FAIL"


def test_no_answer_binds_nobody_but_on_ordinary_rows():
    expected, given = [[np.nan, 1], [1, 2]], [[0, 1], [1, 2]]
    assert verdict(asked("missing", expected, given)) == "DIFFERS"
    assert verdict(asked("data", expected, given)) == "FAIL"


def test_one_nan_does_not_excuse_the_rest_of_its_row():
    assert verdict(asked("threshold", [[np.nan, 1]], [[1, 99]])) == "FAIL"


def test_a_network_that_drops_nan_by_chance_binds_nobody():
    item = asked("missing", [[1, 2]], [[np.nan, np.nan]])
    assert verdict(item, takes_missing=False) == "DIFFERS"
    assert verdict(item, takes_missing=True) == "FAIL"


def test_rows_that_only_rounding_decides_are_reported():
    far = [[ROUNDED_AWAY * 2, 0.0]]
    assert verdict(asked("extreme", [[1, 2]], [[9, 9]], far)) == "DIFFERS"
    assert verdict(asked("data", [[1, 2]], [[9, 9]], far)) == "FAIL"
    assert verdict(asked("extreme", [[1, 2]], [[9, 9]], [[1.0, 0.0]])) == "FAIL"


def test_what_the_cast_alone_does_counts_on_ordinary_rows_only():
    moved = {"expected": [[1, 2]], "given": [[5, 2]], "cast": [[5, 2]]}
    assert verdict(asked("threshold", **moved)) == "DIFFERS"
    assert verdict(asked("drawn", **moved)) == "FAIL"
    report = judge(asked("drawn", **moved), ALIGNMENT, TOLERANCE)
    assert "the cast to the candidate's input dtype alone" in report.message
    assert (report.outputs[0].conversion_abs, report.outputs[0].cast_abs) == (0.0, 4.0)


def test_an_empty_batch_of_another_shape_is_reported():
    item = asked("batch", np.zeros((0, 2)), np.zeros((0, 3)), np.zeros((0, 2)))
    report = judge(item, ALIGNMENT, TOLERANCE)
    assert report.verdict == "DIFFERS"
    assert "shape" in report.difference


def test_refusals():
    refuses = Answer(None, "ValueError: no\nand more")
    item = asked("drawn", [[1, 2]], [[1, 2]])
    assert judge(Asked(item.probe, refuses, item.candidate), ALIGNMENT, TOLERANCE).verdict == "SKIPPED"
    failed = judge(Asked(item.probe, item.reference, refuses, rows=1), ALIGNMENT, TOLERANCE)
    assert failed.verdict == "FAIL"
    assert "ValueError: no)" in failed.message


def test_an_answer_that_was_not_declared_fails():
    item = asked("drawn", [[1, 2]], [[1, 2]])
    given = Answer({**item.candidate.outputs, "extra": np.zeros(1)})
    report = judge(Asked(item.probe, item.reference, given, rows=1), ALIGNMENT, TOLERANCE)
    assert report.verdict == "FAIL"
    assert "extra" in report.message


def test_labels_of_several_outputs_with_a_cast():
    signature = Signature(SIGNATURE.inputs, (TensorSpec("label", "int64", ("batch", 3), "label"),))
    expected, given = np.zeros((4, 3), int), np.zeros((4, 3), int)
    given[2, 1] = 1
    item = Asked(
        Probe("probe", "threshold", {"input": np.zeros((4, 2))}),
        Answer({"label": expected}),
        Answer({"label": given}),
        Answer({"label": given.copy()}),
        4,
        (("input", 0),),
    )
    report = judge(item, align(signature, signature), {})
    assert report.verdict == "DIFFERS"
    assert report.outputs[0].cast_rows == 1
