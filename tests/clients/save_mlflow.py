"""Saves models as MLflow does. Runs in the environment of requirements-mlflow.txt, with the model libraries of mlpack's.

``save_mlflow.py SITE_PACKAGES FOLDER KIND``
"""

import sys
from pathlib import Path

sys.path.append(sys.argv[1])  # behind those of this environment

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import infer_signature


def rows() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {"age": random.integers(18, 80, 200).astype(float), "city": random.choice(["Bern", "Oslo"], 200)}
    )


def estimator():
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    steps = make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(handle_unknown="ignore"), ["city"]))
    table = rows()
    return make_pipeline(steps, LogisticRegression()).fit(table, table.age + 20 * (table.city == "Oslo") > 60)


def sklearn(place: Path, serialization: str, **more) -> None:
    model, table = estimator(), rows()
    signature = infer_signature(table, model.predict(table))
    mlflow.sklearn.save_model(
        model, place, signature=signature, input_example=table[:7], serialization_format=serialization,
        pip_requirements=["scikit-learn"], **more,
    )  # fmt: skip


def sklearn_with_code(place: Path) -> None:
    code = place.with_name("helpers_of_mine.py")
    code.write_text("x = 1\n")
    sklearn(place, "cloudpickle", code_paths=[str(code)])


def onnx(place: Path) -> None:
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Tanh", ["x"], ["y"])], "g",
        [value("x", TensorProto.FLOAT, ["batch", 3])], [value("y", TensorProto.FLOAT, ["batch", 3])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    example = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
    signature = infer_signature({"x": example}, {"y": np.tanh(example)})
    mlflow.onnx.save_model(model, place, signature=signature, input_example={"x": example}, pip_requirements=["onnx"])


def network():
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).eval()


def torchscript(place: Path) -> None:
    import torch

    example = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
    signature = infer_signature(example, np.zeros((4, 2), "float32"))
    mlflow.pytorch.save_model(
        torch.jit.script(network()), place, signature=signature, input_example=example, pip_requirements=["torch"],
        serialization_format="pickle",
    )  # fmt: skip


def torch_module(place: Path) -> None:
    mlflow.pytorch.save_model(network(), place, pip_requirements=["torch"], serialization_format="pickle")


def keras(place: Path) -> None:
    import keras as library

    library.utils.set_random_seed(0)
    model = library.Sequential([library.Input((3,)), library.layers.Dense(4, "tanh"), library.layers.Dense(2)])
    mlflow.keras.save_model(model, str(place), pip_requirements=["keras"])


def lightgbm(place: Path) -> None:
    from lightgbm import LGBMClassifier

    table = rows()[["age"]]
    model = LGBMClassifier(n_estimators=3).fit(table, table.age > 40)
    mlflow.lightgbm.save_model(model, place, pip_requirements=["x"], serialization_format="cloudpickle")


def xgboost(place: Path) -> None:
    from xgboost import XGBClassifier

    table = rows()[["age"]]
    model = XGBClassifier(n_estimators=3).fit(table, (table.age > 40).astype(int))
    mlflow.xgboost.save_model(model, place, pip_requirements=["x"])


def function(place: Path) -> None:
    class Mine(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input

    mlflow.pyfunc.save_model(place, python_model=Mine(), pip_requirements=["x"])


KINDS = {
    "cloudpickle": lambda place: sklearn(place, "cloudpickle"),
    "pickle": lambda place: sklearn(place, "pickle"),
    "code": sklearn_with_code, "onnx": onnx, "torchscript": torchscript, "torch": torch_module, "keras": keras,
    "lightgbm": lightgbm, "xgboost": xgboost, "function": function,
}  # fmt: skip

if __name__ == "__main__":
    KINDS[sys.argv[3]](Path(sys.argv[2]))
