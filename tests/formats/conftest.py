"""One small fitted model of each framework, and its answers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

ROWS = np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4)


def _iris():
    from sklearn.datasets import load_iris

    features, classes = load_iris(return_X_y=True)
    return features, np.array(["setosa", "versicolor", "virginica"])[classes]


def _sklearn() -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)).fit(*_iris())


def _xgboost() -> Any:
    import xgboost

    features, classes = _iris()
    return xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(features, (classes == "setosa").astype(int))


def _lightgbm() -> Any:
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(*_iris())


def _keras() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential([layers.Input((4,), name="petals"), layers.Dense(8, "relu"), layers.Dense(3, "softmax")])


def _torch() -> Any:
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 3)
    ).eval()


def _torchscript() -> Any:
    import torch

    return torch.jit.script(_torch())


def _onnx() -> Any:
    from onnx import TensorProto, helper, numpy_helper

    from mlpack.graph.model import OnnxModel

    weights = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(4, 3), "weights")
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["input", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["output"]),
        ],
        "linear",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [None, 3])],
        [weights],
    )
    opsets = [helper.make_opsetid("", 21)]
    return OnnxModel(graph=helper.make_model(graph, opset_imports=opsets, ir_version=10))


@cache
def _model(framework: str) -> Any:
    return globals()[f"_{framework}"]()


def _answers(framework: str, model: Any) -> np.ndarray:
    if framework in {"sklearn", "xgboost", "lightgbm"}:
        return model.predict_proba(ROWS)
    if framework == "keras":
        return np.asarray(model(ROWS))
    if framework == "onnx":
        import onnxruntime

        source = str(model.path) if model.path else model.graph.SerializeToString()
        return onnxruntime.InferenceSession(source).run(None, {"input": ROWS})[0]
    import torch

    with torch.no_grad():
        return model(torch.from_numpy(ROWS)).numpy()


@pytest.fixture(scope="session")
def model_of():
    """A model of a framework, by its name."""
    return _model


@pytest.fixture(scope="session")
def answers():
    """What a model of a framework answers for six rows of four features."""
    return _answers
