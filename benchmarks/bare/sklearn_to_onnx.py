"""What a user writes without mlpack: load, convert, save."""

import sys

import joblib
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType

model = joblib.load(sys.argv[1])
columns = [("input", FloatTensorType([None, model.n_features_in_]))]
graph = to_onnx(model, initial_types=columns, options={"zipmap": False})
with open(sys.argv[2], "wb") as file:  # noqa: PTH123
    file.write(graph.SerializeToString())
