"""Real bundles, and rows for them in files of every format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import mlpack

FIELDS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory):
    """What runs note of themselves goes to no cache of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPACK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def flowers():
    """A scaled logistic regression with names for its columns and its classes."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_iris(as_frame=True)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data, data.target_names[data.target])


@pytest.fixture(scope="session")
def flowers_bundle(shelf, flowers) -> Path:
    from sklearn.datasets import load_iris

    mlpack.pack(flowers, sample=load_iris(as_frame=True).data, path=shelf / "batch-flowers.mlpack")
    return shelf / "batch-flowers.mlpack"


@pytest.fixture(scope="session")
def people():
    """Rows of text, whole numbers and floats that may be missing."""
    import pandas as pd

    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "city": random.choice(["Oslo", "Bergen", "Tromsø"], 200),
            "age": random.integers(18, 90, 200),
            "income": random.normal(5e4, 1e4, 200),
            "weight": random.normal(70, 10, 200),
        }
    )
    frame.loc[::9, "income"] = np.nan
    return frame


@pytest.fixture(scope="session")
def people_bundle(shelf, people) -> Path:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = ColumnTransformer(
        [
            ("city", OneHotEncoder(sparse_output=False), ["city"]),
            ("income", make_pipeline(SimpleImputer(), StandardScaler()), ["income"]),
            ("rest", StandardScaler(), ["age", "weight"]),
        ]
    )
    target = (people["age"] > 50) ^ (people["city"] == "Oslo")
    model = make_pipeline(columns, LogisticRegression()).fit(people, target)
    mlpack.pack(model, sample=people, path=shelf / "batch-people.mlpack")
    return shelf / "batch-people.mlpack"


@pytest.fixture(scope="session")
def images_bundle(shelf) -> Path:
    """Images of 4 by 3; an image and its mean out."""
    import onnx
    from onnx import TensorProto, helper

    sizes = ["batch", 4, 3]
    graph = helper.make_graph(
        [
            helper.make_node("Tanh", ["image"], ["darker"]),
            helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2], keepdims=0),
        ],
        "images",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, sizes)],
        [
            helper.make_tensor_value_info("darker", TensorProto.FLOAT, sizes),
            helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch"]),
        ],
    )
    path = shelf / "batch-images.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    mlpack.pack(path, shelf / "batch-images.mlpack")
    return shelf / "batch-images.mlpack"


def flower_table(rows: int, seed: int = 0) -> pa.Table:
    """Rows like those of irises, each with a number."""
    random = np.random.default_rng(seed)
    columns = {name: random.uniform(0.1, 8, rows).round(3) for name in FIELDS}
    return pa.table({"number": np.arange(rows), **columns})


@pytest.fixture(scope="session")
def rows_table() -> pa.Table:
    return flower_table(2500)


@pytest.fixture(scope="session")
def rows_file(shelf, rows_table) -> Path:
    path = shelf / "batch-rows.parquet"
    pq.write_table(rows_table, path, row_group_size=700)
    return path


@pytest.fixture
def source(tmp_path, rows_table) -> Path:
    """Rows in a file of the test's own."""
    path = tmp_path / "rows.parquet"
    pq.write_table(rows_table, path)
    return path


@pytest.fixture
def small():
    """Small chunks and parts: what takes millions of rows in earnest happens with some hundred."""
    return {"chunk_rows": 100, "part_rows": 300, "batch_rows": 64}


def contents(folder: Path) -> dict[str, bytes]:
    """The parts in a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("part-*"))}


@pytest.fixture(scope="session")
def parts_in():
    """Gives `contents`."""
    return contents


@pytest.fixture(scope="session")
def all_in():
    """Gives all files in a folder of ``memory://``, by their paths."""

    def read(folder):
        store = MemoryFileSystem()
        return {path: store.cat(path) for path in sorted(store.find(folder))}

    return read


@pytest.fixture(scope="session")
def make_rows():
    """Gives `flower_table`."""
    return flower_table


def write(table: pa.Table, path: Path) -> Path:
    """A table as a file of the format that its ending says."""
    match path.suffix:
        case ".parquet":
            pq.write_table(table, path, row_group_size=333)
        case ".csv":
            pa.csv.write_csv(table, path)
        case ".arrow":
            with pa.ipc.new_file(path, table.schema) as file:
                file.write_table(table, max_chunksize=450)
        case ".arrows":
            with pa.ipc.new_stream(path, table.schema) as stream:
                stream.write_table(table, max_chunksize=450)
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    return path


@pytest.fixture(scope="session")
def write_rows():
    """Gives `write`."""
    return write
