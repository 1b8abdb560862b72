"""Exports of neural networks that change answers, or prove nothing, through the whole of convert and verify."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import mlpack
from mlpack.core.errors import ParityError


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    return nn.Sequential(nn.Linear(16, 16), nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)).eval()


def test_a_transformer_exported_with_one_row_fails_at_two(encoder, tmp_path):
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = encoder

        def forward(self, rows):
            return self.inner(rows)

    torch.backends.mha.set_fastpath_enabled(False)
    torch.onnx.export(
        Wrapped().eval(),
        (torch.randn(1, 8, 16),),
        tmp_path / "theirs.onnx",
        dynamo=False,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
    )
    torch.backends.mha.set_fastpath_enabled(True)
    rows = np.random.default_rng(0).standard_normal((6, 8, 16)).astype(np.float32)
    report = mlpack.verify(encoder, tmp_path / "theirs.onnx", data=rows)
    assert report.verdict == "FAIL"
    assert "batch of 1" not in [probe.name for probe in report.probes if probe.verdict == "FAIL"]
    assert mlpack.convert(encoder, tmp_path / "ours.onnx", data=rows).verdict == "PASS"


def test_a_network_whose_answers_are_all_nan_proves_nothing(tmp_path):
    broken = nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1)).eval()
    with torch.no_grad():
        broken[0].weight.fill_(float("nan"))
    with pytest.raises(ParityError, match="nothing was compared") as caught:
        mlpack.convert(broken, tmp_path / "broken.onnx")
    assert caught.value.result.verdict == "VACUOUS"
    assert os.listdir(tmp_path) == []


def test_a_scripted_module_goes_through_the_exporter_that_takes_it(tmp_path):
    torch.jit.script(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).eval()).save(tmp_path / "script.pt")
    result = mlpack.convert(tmp_path / "script.pt", tmp_path / "script.onnx")
    assert result.verdict == "PASS"
    assert "classic exporter" in result.variant


def test_random_mobilenet_answers_the_same_to_everything(tmp_path):
    import keras

    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10)
    model.save(tmp_path / "mobilenet.keras")
    with pytest.raises(ParityError, match="do not depend on the inputs") as caught:
        mlpack.convert(tmp_path / "mobilenet.keras", tmp_path / "mobilenet.onnx")
    assert caught.value.result.verdict == "VACUOUS"


KERAS_ON_TORCH = """
import sys
import keras, torch
import numpy as np
model = keras.saving.load_model(sys.argv[1], compile=False)
model(np.zeros((2, 7, 5), np.float32))
class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model
    def forward(self, rows):
        return self.model(rows)
torch.onnx.export(
    Module().eval(), (torch.zeros(2, 7, 5),), sys.argv[2], dynamo=False, input_names=["rows"], output_names=["output"],
    dynamic_axes={"rows": {0: "batch", 1: "time"}, "output": {0: "batch"}},
)
"""


def test_a_keras_lstm_through_the_torch_backend_forgets_its_length(tmp_path):
    import keras

    keras.utils.set_random_seed(0)
    rows = keras.Input((None, 5), name="rows")
    model = keras.Model(rows, keras.layers.Dense(3, activation="softmax")(keras.layers.LSTM(8)(rows)))
    model.save(tmp_path / "lstm.keras")
    subprocess.run(
        [sys.executable, "-c", KERAS_ON_TORCH, str(tmp_path / "lstm.keras"), str(tmp_path / "theirs.onnx")],
        check=True,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
    )
    report = mlpack.verify(tmp_path / "lstm.keras", tmp_path / "theirs.onnx")
    assert report.verdict == "FAIL"
    result = mlpack.convert(tmp_path / "lstm.keras", tmp_path / "ours.onnx")
    assert result.verdict == "PASS"
    assert "tf2onnx" in result.variant
