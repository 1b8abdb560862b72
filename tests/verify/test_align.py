import numpy as np
import pytest

from mlpack.core.errors import ParityError
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.align import align

MATRIX = Signature(
    (TensorSpec("input", "float64", ("batch", 2)),),
    (TensorSpec("prediction", "float64", ("batch",)),),
    columns={"input": ("age", "height")},
)


def columns(*names, dtype="float32"):
    specs = tuple(TensorSpec(name, dtype, ("batch", 1)) for name in names)
    return Signature(specs, (TensorSpec("variable", "float32", ("batch", 1)),))


def test_a_single_input_pairs_whatever_its_name_and_is_cast():
    other = Signature((TensorSpec("X", "float32", ("batch", 2)),), MATRIX.outputs)
    alignment = align(MATRIX, other)
    feed = {"input": np.array([[0.1, 2.0]])}
    taken = alignment.to_candidate(feed)
    assert taken["X"].dtype == np.float32
    seen = alignment.as_candidate_sees(feed, taken)
    assert seen["input"].dtype == np.float64
    assert seen["input"][0, 0] == float(np.float32(0.1))
    assert seen["input"][0, 0] != 0.1


def test_a_cast_that_changes_nothing_is_none():
    alignment = align(MATRIX, Signature((TensorSpec("X", "float32", ("batch", 2)),)))
    feed = {"input": np.array([[0.5, np.nan]])}
    assert alignment.as_candidate_sees(feed, alignment.to_candidate(feed)) is None


def test_a_matrix_is_split_into_columns_by_their_names():
    alignment = align(MATRIX, columns("height", "age"))
    feed = {"input": np.array([[0.1, 2.0], [3.0, 4.0]])}
    taken = alignment.to_candidate(feed)
    assert taken["height"].tolist() == [[2.0], [4.0]]
    seen = alignment.as_candidate_sees(feed, taken)
    assert seen["input"].tolist() == [[float(np.float32(0.1)), 2.0], [3.0, 4.0]]


def test_columns_are_joined_into_a_matrix():
    alignment = align(columns("a", "b", dtype="float64"), MATRIX)
    taken = alignment.to_candidate({"a": np.array([[1.0]]), "b": np.array([[2.0]])})
    assert taken["input"].tolist() == [[1.0, 2.0]]


def test_outputs_pair_by_position_where_no_name_is_shared():
    (theirs, ours), *rest = align(MATRIX, columns("age", "height")).outputs
    assert (theirs.name, ours.name, rest) == ("prediction", "variable", [])


def test_inputs_that_do_not_correspond_are_named():
    with pytest.raises(ParityError, match="do not correspond") as caught:
        align(MATRIX, columns("a", "b", "c"))
    assert "a: float32[batch, 1]" in caught.value.why


def test_strings_have_no_number():
    words = Signature((TensorSpec("input", "string", ("batch", 1)),))
    alignment = align(words, Signature((TensorSpec("input", "float32", ("batch", 1)),)))
    with pytest.raises(ParityError, match="strings"):
        alignment.to_candidate({"input": np.array([["x"]], object)})
