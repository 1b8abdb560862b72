"""Which columns of the user's data are truth values, whatever the data comes in."""

import numpy as np
import pandas as pd
import pytest
from frames import written

from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.truths import truths_like, truths_of

FRAME = pd.DataFrame({"on": [True, False, True], "off": [1, 0, 1], "word": ["true", "false", "true"]})


def names_in(data):
    return sorted(truths_of(data) or {})


def test_a_frame_has_types():
    assert names_in(FRAME) == ["on"]
    assert names_in(FRAME.astype({"on": "boolean"})) == ["on"]
    assert names_in(FRAME.astype(object)) == ["on"]


def test_what_may_be_missing_is_no_truth_value():
    assert names_in(pd.DataFrame({"on": [True, None, False]})) == []


def test_records_and_arrays():
    assert names_in(FRAME.to_dict("records")) == ["on"]
    assert names_in({name: FRAME[name].to_numpy() for name in FRAME}) == ["on"]
    assert names_in(np.array([[True, False], [False, True]])) == ["x0", "x1"]
    assert names_in(np.array([[1.0, 0.0]])) == []
    assert names_in({"image": np.zeros((2, 4, 4), bool), "on": np.array([True, False])}) == []
    assert names_in(None) == []


@pytest.mark.parametrize(("ending", "expected"), [("csv", ["on", "word"]), ("parquet", ["on"]), ("jsonl", ["on"])])
def test_files(ending, expected, tmp_path):
    """A file of text has no quotes that would tell a word from a truth value."""
    assert names_in(written(FRAME, tmp_path / f"rows.{ending}")) == expected


def test_the_whole_file_counts(tmp_path):
    (tmp_path / "rows.csv").write_text("on,x\ntrue,1\nfalse,2\nperhaps,3\n")
    assert truths_of(tmp_path / "rows.csv") is None


def test_a_file_that_cannot_be_read_has_none(tmp_path):
    (tmp_path / "rows.csv").write_text("on,x\ntrue,1\nfalse\n")
    assert truths_of(tmp_path / "rows.csv") is None
    assert truths_of(tmp_path / "none.csv") is None


def test_a_candidate_tells_of_them():
    matrix = Signature((TensorSpec("input", "float64", ("batch", 2)),), columns={"input": ("age", "on")})
    columns = Signature((TensorSpec("age", "float64", ("batch", 1)), TensorSpec("on", "bool", ("batch", 1))))
    assert list(truths_like(columns, matrix) or {}) == ["on"]
    assert truths_like(matrix, columns) is None
    assert truths_like(columns, columns) is None
