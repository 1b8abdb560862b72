"""The ONNX standard's own node tests, all of them: each passes, is refused for a known reason, or is in a table.

The cases come with the onnx package (onnx.backend.test): a model, inputs and the expected outputs.
"""

import re
import warnings
from dataclasses import dataclass, field

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

from mlpack.converters.onnx_to_torchscript.errors import UnsupportedOperator
from mlpack.converters.onnx_to_torchscript.graph import to_torchscript
from mlpack.converters.onnx_to_torchscript.values import tensor_of

MINIMUM_PASSED = 1460

# What is refused, by (operator, reason): anything refused for another reason fails the suite.
REFUSED = [
    ("Input", "string tensors have no TorchScript equivalent"),
    ("Input", r"element type (FLOAT4|FLOAT8|U?INT2|U?INT4|UINT16|UINT32|UINT64)\w* has no exact torch equivalent"),
    ("Input", r"the graph input is a (sequence|optional)_type, not a tensor"),
    ("LabelEncoder", "string labels have no TorchScript equivalent"),
    ("Initializer", r"element type \w+ has no exact torch equivalent"),
    ("Cast|CastLike|EyeLike|Constant", r"element type \w+ has no exact torch equivalent"),
    ("Graph", "a graph output that is a sequence is not a tensor"),
    ("Constant", "a constant string or sparse tensor has no TorchScript equivalent"),
    ("BatchNormalization", "training mode"),
    ("Dropout", "Dropout in training mode is random"),
    ("Scan", "Scan of operator set 8"),
    ("SpaceToDepth", "mode='CRD' is not implemented"),
    ("Unique", "Unique along an axis, or in order of appearance, is not implemented"),
    ("QuantizeLinear|DequantizeLinear", "is not implemented"),
    ("Loop|If", "changes between tensor and sequence|give values of different kinds"),
    ("Bernoulli|RandomUniformLike", "its answers are random"),
    ("LabelEncoder|String.*|RegexFullMatch|TfIdfVectorizer", "string tensors have no TorchScript equivalent"),
    ("Optional.*", "optional values are not implemented"),
    # Training and media: nothing an exporter writes for inference on tensors.
    ("Adagrad|Adam|Momentum|ImageDecoder", "this operator is not implemented"),
    # Signal processing and detection.
    (
        "DFT|STFT|MelWeightMatrix|RoiAlign|NonMaxSuppression|DeformConv|Col2Im|MaxUnpool",
        "this operator is not implemented",
    ),
    # onnx cannot inline their bodies when an optional input is absent before one that is present.
    ("Attention|CausalConvWithState|LinearAttention|FlexAttention", "this operator is not implemented"),
    ("BitCast|TensorScatter|QLinearConv|QLinearMatMul", "this operator is not implemented"),
]

# Converted, and different from the expected output for a reason that is not the converter's.
EXCLUDED = {
    "test_resize_downsample_scales_linear_align_corners": "ONNX Runtime rounds the output size before it aligns corners",
    "test_resize_downsample_scales_cubic_align_corners": "ONNX Runtime rounds the output size before it aligns corners",
}

# The expected values were computed in numpy, which rounds half-precision intermediates elsewhere than torch does.
HALF_PRECISION = {torch.float16: 2e-3, torch.bfloat16: 2**-6}


@dataclass
class Outcome:
    passed: list[str] = field(default_factory=list)
    refused: dict[str, UnsupportedOperator] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def as_tensor(value):
    return tensor_of(numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value))


def as_array(tensor):
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def check(case, module):
    for inputs, expected in case.data_sets:
        answer = module(*(as_tensor(value) for value in inputs))
        outputs = answer if isinstance(answer, tuple) else (answer,)
        assert len(outputs) == len(expected)
        for got, array in zip(outputs, expected, strict=True):
            wanted = as_tensor(array)
            assert got.dtype == wanted.dtype, f"dtype {got.dtype} instead of {wanted.dtype}"
            assert got.shape == wanted.shape, f"shape {tuple(got.shape)} instead of {tuple(wanted.shape)}"
            loose = HALF_PRECISION.get(wanted.dtype, 0.0)
            rtol, atol = max(case.rtol, loose), max(case.atol, loose)
            np.testing.assert_allclose(as_array(got), as_array(wanted), rtol=rtol, atol=atol)


@pytest.fixture(scope="module")
def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy overflows while onnx computes its expected values
        return {case.name: case for case in load_model_tests(kind="node")}


@pytest.fixture(scope="module")
def outcome(cases):
    result = Outcome()
    for name, case in cases.items():
        try:
            check(case, to_torchscript(case.model))
            result.passed.append(name)
        except UnsupportedOperator as refusal:
            result.refused[name] = refusal
        except Exception as error:  # the test below reports each with its case
            result.failed[name] = " ".join(str(error).split())[-300:]
    print(f"\npassed {len(result.passed)}, refused {len(result.refused)}, failed {sorted(result.failed)}")
    return result


def test_every_converted_case_gives_the_expected_outputs(outcome):
    unexpected = {name: error for name, error in outcome.failed.items() if name not in EXCLUDED}
    assert not unexpected
    assert set(outcome.failed) == set(EXCLUDED), "a case of the table passes now: take it out"


def test_every_refusal_is_known(outcome):
    unknown = {
        name: str(refusal)
        for name, error in outcome.refused.items()
        for refusal in error.refusals
        if not any(re.fullmatch(op, refusal.op_type) and re.search(why, refusal.reason) for op, why in REFUSED)
    }
    assert not unknown


def test_the_suite_has_not_shrunk(outcome, cases):
    assert len(outcome.passed) >= MINIMUM_PASSED
    assert len(outcome.passed) + len(outcome.refused) + len(outcome.failed) == len(cases)


@pytest.mark.parametrize("name", EXCLUDED)
def test_excluded_cases_agree_with_onnx_runtime(name, cases, assert_agrees):
    case = cases[name]
    names = [value.name for value in case.model.graph.input]
    feeds = [dict(zip(names, inputs, strict=True)) for inputs, _ in case.data_sets]
    assert_agrees(case.model, feeds)
