"""One comparison for all tests of the converter: ONNX Runtime and TorchScript, fed the same arrays."""

import numpy as np
import onnxruntime
import pytest
import torch

from mlpack.converters.onnx_to_torchscript.graph import to_torchscript


def run_onnx(model, feed):
    """All outputs of ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, feed)


def run_torchscript(module, arrays):
    """All outputs of a scripted module, as numpy arrays."""
    with torch.inference_mode():
        answer = module(*(torch.from_numpy(np.array(array)) for array in arrays))
    return [output.numpy() for output in (answer if isinstance(answer, tuple) else (answer,))]


def compare(expected, actual, rtol, atol):
    """Same number of outputs, dtypes and shapes; integers equal, floats close."""
    assert len(expected) == len(actual)
    for wanted, got in zip(expected, actual, strict=True):
        assert got.dtype == wanted.dtype
        assert got.shape == wanted.shape
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol)
        else:
            np.testing.assert_array_equal(got, wanted)


@pytest.fixture
def assert_agrees():
    """Convert a model and compare it with ONNX Runtime on each feed; returns the converted module."""

    def check(model, feeds, rtol=1e-4, atol=1e-5):
        module = to_torchscript(model)
        names = [value.name for value in model.graph.input]
        compared = 0
        for feed in feeds:
            try:
                expected = run_onnx(model, feed)
            except Exception:
                if all(array.shape[0] for array in feed.values()):
                    raise
                continue  # ONNX Runtime takes no empty batch of this model
            compare(expected, run_torchscript(module, [feed[name] for name in names]), rtol, atol)
            compared += sum(output.size for output in expected)
        assert compared, "nothing was compared"
        return module

    return check
