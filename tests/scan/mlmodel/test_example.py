"""The input example that MLflow saves with a model."""

import json

import numpy as np
import pytest
from scan.mlmodel.folders import SKLEARN, folder_with

from mlpack.scan.mlmodel import mlflow_folder
from mlpack.scan.mlmodel.example import example_rows


def example(place, document, inputs=(), name="input_example.json"):
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    folder = folder_with(
        place,
        {"sklearn": SKLEARN},
        {"model.pkl": b".", name: content},
        signature={"inputs": json.dumps(list(inputs))},
        saved_input_example_info={"artifact_path": name},
    )
    return example_rows(mlflow_folder(folder))


def tensor(dtype, name=None):
    named = {"name": name} if name else {}
    return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": [-1]}, **named}


def test_a_table_is_records(tmp_path):
    rows = example(tmp_path, {"columns": ["age", "city"], "data": [[41, "Oslo"], [None, "Bern"]]})
    assert rows == [{"age": 41, "city": "Oslo"}, {"age": None, "city": "Bern"}]


def test_a_table_without_names_is_an_array(tmp_path):
    assert example(tmp_path, {"columns": [0, 1], "data": [[1, 2], [3, 4]]}).tolist() == [[1, 2], [3, 4]]


def test_an_array_has_the_dtype_of_the_signature(tmp_path):
    rows = example(tmp_path, {"inputs": [[0.1, 0.2]]}, [tensor("float32")])
    assert rows.dtype == np.float32
    assert rows.tolist() == np.array([[0.1, 0.2]], "float32").tolist()


def test_an_array_as_it_is(tmp_path):
    assert example(tmp_path, [[1, 2]], [tensor("float32")]).dtype == np.float32


def test_an_input_that_is_called_inputs(tmp_path):
    assert [*example(tmp_path, {"inputs": [[1, 2]]}, [tensor("int32", "inputs")])] == ["inputs"]


@pytest.mark.parametrize("below", [False, True])
def test_arrays_by_name(tmp_path, below):
    named = {"ids": [[1, 2]], "mask": [[True, False]]}
    rows = example(tmp_path, {"inputs": named} if below else named, [tensor("int32", "ids")])
    assert (rows["ids"].dtype, rows["mask"].dtype) == (np.int32, np.bool_)


NONE = [
    *(
        {},
        [],
        {"columns": ["a"], "data": [1]},
        {"columns": ["a"], "data": [[1, 2]]},
        {"inputs": "text"},
        {"messages": [{"role": "user"}]},
    ),
    *(b"{", b"\xff", b"[" * 100_000, {"inputs": {"a": [[1], [1, 2]]}}, {"inputs": [[1], [1, 2]]}),
]


@pytest.mark.parametrize("document", NONE, ids=range(len(NONE)))
def test_what_is_no_example_is_none(tmp_path, document):
    assert example(tmp_path, document) is None


def test_another_file_is_none(tmp_path):
    assert example(tmp_path, b"", name="input_example.npz") is None


def test_no_example_is_none(tmp_path):
    folder = folder_with(tmp_path, {"sklearn": SKLEARN}, {"model.pkl": b"."})
    assert example_rows(mlflow_folder(folder)) is None
