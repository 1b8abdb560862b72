"""Running services: ours, and one that is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mlpack


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> Iterator[None]:
    """What `mlpack serve` renders goes into a folder of this session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPACK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def linear(shelf, cancer) -> Path:
    """A logistic regression on six columns, in joblib."""
    from sklearn.linear_model import LogisticRegression

    from mlpack.formats import format_named

    path = shelf / "linear.joblib"
    format_named("joblib").save(LogisticRegression(max_iter=5000).fit(cancer[0][:, :6], cancer[1]), path)
    return path


@pytest.fixture(scope="session")
def packed(linear, shelf) -> Path:
    """The same as a bundle of the name ``iris``."""
    path = shelf / "linear.mlpack"
    mlpack.pack(linear, path, name="iris")
    return path


@pytest.fixture(scope="session")
def network(shelf) -> Path:
    """A layer of a network as ONNX: NaN in, NaN out."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["input", "weights"], ["sums"]), helper.make_node("Tanh", ["sums"], ["scores"])],
        "graph",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 5])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(weights, "weights")],
    )
    path = shelf / "layer.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


@pytest.fixture(scope="session")
def foreign(packed, foreign_of):
    """Starts a foreign server of the packed model with the traits given, and gives its address."""
    return lambda *traits: foreign_of(packed / "model.onnx", *traits)


@pytest.fixture(scope="session")
def foreign_of():
    """Starts a foreign server of an ONNX file."""

    @contextmanager
    def serving(path: Path, *traits: str):
        command = [sys.executable, str(Path(__file__).with_name("foreign.py")), str(path), *traits]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield f"http://127.0.0.1:{int(process.stdout.readline())}"
            finally:
                process.kill()

    return serving
