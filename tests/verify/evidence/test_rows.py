from __future__ import annotations

import numpy as np

from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.align import align
from mlpack.verify.evidence.rows import FAILED, FIRST, OTHERS, PLACES, worst_rows
from mlpack.verify.judge import judge
from mlpack.verify.peer import Answer
from mlpack.verify.probe import Probe
from mlpack.verify.tolerance import Tolerance
from mlpack.verify.trial import Asked

INPUTS = (TensorSpec("numbers", "float32", ("batch", 3)), TensorSpec("city", "string", ("batch",)))
OUTPUTS = (TensorSpec("scores", "float64", ("batch", 2)),)
SIGNATURE = Signature(INPUTS, OUTPUTS, columns={"numbers": ("a", "b", "c")}, classes={"scores": ("no", "yes")})
TOLERANCES = {"scores": Tolerance(np.full(1, 1e-3), 0.0, "dtype", np.ones(1))}


def asked(expected, given, kind="drawn", name="probe"):
    rows = len(expected)
    numbers = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3) / 10
    cities = np.array([f"city {row}" for row in range(rows)], dtype=object)
    answer = Answer(None, "ValueError: no") if given is None else Answer({"scores": np.asarray(given, dtype=float)})
    probe = Probe(name, kind, {"numbers": numbers, "city": cities})
    return Asked(
        probe,
        Answer({"scores": np.asarray(expected, dtype=float)}),
        answer,
        rows=rows,
        batch_axes=(("numbers", 0), ("city", 0)),
    )


def shown(*items, signature=SIGNATURE, tolerances=TOLERANCES):
    alignment = align(signature, signature)
    return worst_rows([judge(item, alignment, tolerances) for item in items], items, alignment)


def test_a_failure_has_its_row_with_columns_and_both_answers():
    (row,) = shown(asked([[0, 1], [0, 1]], [[0, 1], [0.25, 0.75]]))
    assert (row.probe, row.row, row.verdict) == ("probe", 1, "FAIL")
    assert row.inputs == (("a", "0.3"), ("b", "0.4"), ("c", "0.5"), ("city", "city 1"))
    assert [(one.place, one.reference, one.candidate, one.error) for one in row.answers] == [
        ("scores · no", "0", "0.25", 0.25),
        ("scores · yes", "1", "0.75", 0.25),
    ]


def test_a_pass_has_the_largest_errors_first_and_no_extreme_ones():
    small, large = asked([[0, 1]], [[1e-5, 1]], name="small"), asked([[0, 1]], [[1e-4, 1]], name="large")
    assert [row.probe for row in shown(small, large, asked([[0, 1]], [[5e-4, 1]], "extreme"))] == ["large", "small"]
    assert shown(asked([[0, 1]], [[0, 1]])) == ()


def test_a_refusal_of_one_row_is_shown():
    (row,) = shown(asked([[0, 1]], None))
    assert row.refused == "ValueError: no"
    assert [one.candidate for one in row.answers] == [None, None]


def test_answers_that_differ_in_the_last_digits_are_told_apart():
    (row,) = shown(asked([[0.1, 1]], [[0.1 + 1e-16 * 2, 1]]))
    assert row.answers[0].reference != row.answers[0].candidate


def test_it_is_bounded():
    wide = Signature(
        (TensorSpec("x", "float64", ("batch", 30, 40)),), (TensorSpec("scores", "float64", ("batch", 500)),)
    )
    feed = {"x": np.zeros((2, 30, 40))}
    items = [
        Asked(
            Probe(f"{n}", "drawn", feed),
            Answer({"scores": np.zeros((2, 500))}),
            Answer({"scores": np.ones((2, 500))}),
            rows=2,
        )
        for n in range(9)
    ]
    rows = shown(*items, signature=wide)
    assert len(rows) == FAILED
    assert [len(row.inputs) for row in rows[:2]] == [FIRST, OTHERS]
    assert (rows[0].width, len(rows[0].answers), rows[0].hidden) == (1200, PLACES, 500 - PLACES)
    assert rows[0].inputs[41] == ("x[1, 1]", "0.0")
