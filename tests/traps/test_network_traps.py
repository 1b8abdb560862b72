"""Conversions of neural networks that change answers, or seem not to: what others export is refused or called vacuous."""

import os
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

    with pytest.raises(ParityError, match="VACUOUS|vacuous|do not depend"):
        mlpack.convert(model, tmp_path / "mobile.onnx")
    assert not (tmp_path / "mobile.onnx").exists()


def test_a_recurrent_module_whose_length_an_exporter_fixed(tmp_path):
    """The newer exporter says that the length is free, and computes with the example's."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    module = nn.LSTM(5, 6, batch_first=True).eval()
    path = tmp_path / "fixed.onnx"
    torch.onnx.export(
        module, (torch.randn(2, 7, 5),), path, dynamo=True, verbose=False,
        dynamic_shapes=({0: torch.export.Dim("batch"), 1: torch.export.Dim("sequence")},),
    )  # fmt: skip
    print(mlpack.verify(module, path))
    assert mlpack.convert(module, tmp_path / "ours.onnx").verdict == "PASS"
