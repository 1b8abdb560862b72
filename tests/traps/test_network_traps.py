"""Conversions of neural networks that change answers, or seem not to: what others export is refused or called vacuous."""

import os
import subprocess
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

import mlpack


@pytest.fixture(autouse=True)
def _without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def failing(report):
    return [probe.kind for probe in report.probes if probe.verdict == "FAIL"]


def test_a_transformer_exported_with_one_row_fails_at_two(tmp_path):
    import torch
    from torch import nn

    torch.manual_seed(0)
    module = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    path = tmp_path / "one.onnx"
    torch.onnx.export(
        module, (torch.randn(1, 8, 16),), path, dynamo=True, input_names=["src"], dynamic_axes={"src": {0: "batch"}},
        verbose=False,
    )  # fmt: skip
    report = mlpack.verify(module, path)
    assert report.verdict == "FAIL"
    assert mlpack.convert(module, tmp_path / "ours.onnx").verdict == "PASS"


def test_outputs_that_are_all_nan_prove_nothing(tmp_path):
    import torch
    from torch import nn

    class Silent(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, rows):
            return self.layer(rows) * float("nan")

    module = Silent().eval()
    path = tmp_path / "silent.onnx"
    torch.onnx.export(module, (torch.randn(2, 4),), path, dynamo=True, dynamic_shapes=({0: "batch"},), verbose=False)
    assert mlpack.verify(module, path).verdict == "VACUOUS"


def test_random_weights_that_answer_the_same_for_everything_prove_nothing(tmp_path):
    import keras

    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10)
    answers = model.predict_on_batch(np.random.default_rng(0).random((4, 32, 32, 3)).astype(np.float32))
    assert np.allclose(answers, 0.1, atol=1e-3)
    from mlpack.core.errors import ParityError

    with pytest.raises(ParityError, match=r"VACUOUS|vacuous|do not depend"):
        mlpack.convert(model, tmp_path / "mobile.onnx")
    assert not (tmp_path / "mobile.onnx").exists()


_EXPORT = """
import sys, keras, torch
model = keras.models.load_model(sys.argv[1]).eval()
torch.onnx.export(model, (torch.zeros(2, 9, 5),), sys.argv[2], dynamo=False, input_names=["input"], output_names=["output"],
                  dynamic_axes={"input": {0: "batch", 1: "sequence"}, "output": {0: "batch"}})
"""


def test_a_keras_lstm_exported_through_torch_stops_after_the_examples_steps(tmp_path):
    """Silently: the loop is unrolled over the 9 steps of the example, whatever longer sequence comes."""
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.Input((None, 5)), keras.layers.LSTM(6), keras.layers.Dense(3, activation="softmax")]
    source, exported = tmp_path / "lstm.keras", tmp_path / "plain.onnx"
    keras.Sequential(layers).save(source)
    run = subprocess.run(
        [sys.executable, "-c", _EXPORT, str(source), str(exported)],
        capture_output=True, text=True, check=False, env={**os.environ, "KERAS_BACKEND": "torch"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    twelve = np.random.default_rng(0).standard_normal((4, 12, 5)).astype(np.float32)
    report = mlpack.verify(source, exported, data={"input": twelve})
    assert report.verdict == "FAIL"
    assert "data" in failing(report)
    ours = mlpack.convert(source, tmp_path / "ours.onnx")
    assert ours.verdict == "PASS"
