"""Writes one model file of about the size asked for.

``python large_files.py FILE BYTES``
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np


def onnx_file(path: Path, size: int) -> None:
    """A matrix product with a bias, its weights inside, or beside it where the name says external."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    columns = size // 4000
    weights = numpy_helper.from_array(np.zeros((1000, columns), np.float32), "weights")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["input", "weights"], ["prediction"])],
        "large",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 1000])],
        [helper.make_tensor_value_info("prediction", TensorProto.FLOAT, ["batch", columns])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    external = ".external" in path.suffixes
    onnx.save(model, path, save_as_external_data=external, location=f"{path.name}.data" if external else None)


def estimator(size: int) -> object:
    """A linear regression with one long row of weights."""
    from sklearn.linear_model import LinearRegression

    model = LinearRegression()
    model.coef_, model.intercept_, model.n_features_in_ = np.zeros(size // 8), 0.0, size // 8
    return model


def neighbours(size: int) -> object:
    """A nearest-neighbours classifier, whose training rows are the model: ``size`` bytes of them."""
    from sklearn.neighbors import KNeighborsClassifier

    rows = np.random.default_rng(0).standard_normal((size // 80_000, 10_000))
    return KNeighborsClassifier(1, algorithm="brute").fit(rows, np.arange(len(rows)) % 3)


def joblib_file(path: Path, size: int) -> None:
    """A linear regression in joblib, uncompressed."""
    import joblib

    joblib.dump(estimator(size), path)


def pickle_file(path: Path, size: int) -> None:
    """Nearest neighbours in a pickle."""
    with path.open("wb") as file:
        pickle.dump(neighbours(size), file, protocol=5)


def torchscript_file(path: Path, size: int) -> None:
    """A linear layer in TorchScript."""
    import torch

    layer = torch.nn.Linear(1000, size // 4000, bias=False)
    torch.jit.script(layer.eval()).save(path)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    writers = {".onnx": onnx_file, ".joblib": joblib_file, ".pkl": pickle_file, ".pt": torchscript_file}
    writers[target.suffix](target, int(sys.argv[2]))
