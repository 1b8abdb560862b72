"""What every registered framework has to do: a new one needs an example here, and is tested the day it is dropped in."""

import json
import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from mlpack.frameworks import all_frameworks, framework_of
from mlpack.runtime.signature import Signature


def iris():
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)


def sklearn_example():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*iris())


def xgboost_example():
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=3).fit(*iris())


def lightgbm_example():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=3, verbose=-1).fit(*iris())


def keras_example():
    import keras

    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def torch_example():
    from torch import nn

    return nn.Sequential(nn.Linear(4, 3), nn.Dropout(), nn.Softmax(-1))


def torchscript_example():
    import torch

    return torch.jit.script(torch_example().eval())


def onnx_example():
    from skl2onnx import to_onnx

    rows, _ = iris()
    return to_onnx(sklearn_example(), rows[:1].astype(np.float32), options={"zipmap": False})


EXAMPLES = {
    "keras": keras_example,
    "lightgbm": lightgbm_example,
    "onnx": onnx_example,
    "sklearn": sklearn_example,
    "torch": torch_example,
    "torchscript": torchscript_example,
    "xgboost": xgboost_example,
}


@pytest.fixture(params=list(all_frameworks()))
def case(request):
    """A framework and a model of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return all_frameworks()[request.param], EXAMPLES[request.param]()


def feed_of(signature, rows):
    random = np.random.default_rng(rows)
    return {
        spec.name: random.uniform(0, 7, [dim if isinstance(dim, int) else rows for dim in spec.shape]).astype(
            spec.dtype
        )
        for spec in signature.inputs
    }


def test_it_alone_recognises_its_models(case):
    framework, model = case
    assert framework_of(model) is framework
    assert [other.name for other in all_frameworks().values() if other.recognises(model)] == [framework.name]


def test_it_recognises_nothing_else(case):
    framework, _ = case
    assert not any(framework.recognises(stranger) for stranger in (None, 1, "model", {}, np.zeros(3), object()))


def test_its_signature_survives_json(case):
    framework, model = case
    signature = framework.signature(model)
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature
    assert signature.inputs[0].shape[0] == "batch"
    names = [spec.name for spec in (*signature.inputs, *signature.outputs)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("rows", [1, 2, 5, 257])
def test_answers_are_what_the_signature_says(case, rows):
    framework, model = case
    signature = framework.signature(model)
    with framework.session(model, signature) as session:
        assert session.signature == signature
        answers = session.run(feed_of(signature, rows))
    assert list(answers) == [spec.name for spec in signature.outputs]
    for spec in signature.outputs:
        array = answers[spec.name]
        assert array.dtype.name == spec.dtype or (spec.dtype == "string" and array.dtype == object)
        assert array.shape == tuple(rows if dim == "batch" else dim for dim in spec.shape)


def test_two_sessions_answer_alike(case):
    framework, model = case
    signature = framework.signature(model)
    feed = feed_of(signature, 5)
    with framework.session(model, signature) as first, framework.session(model, signature) as second:
        one, two = first.run(feed), second.run(feed)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_hints_speak_of_its_inputs(case):
    framework, model = case
    signature = framework.signature(model)
    hints = framework.hints(model, signature)
    known = {spec.name for spec in signature.inputs}
    assert set(hints.columns) <= known
    assert set(hints.rows) <= known


def test_stages_end_in_what_the_model_answers(case):
    framework, model = case
    signature = framework.signature(model)
    feed = feed_of(signature, 3)
    seen = {}
    framework.stages(model, signature, feed, lambda name, array: seen.update({name: array}))
    with framework.session(model, signature) as session:
        answers = session.run(feed).values()
    if seen:
        last = [array for array in seen.values() if any(array.shape == answer.shape for answer in answers)]
        assert any(
            np.allclose(array.astype(float), answer.astype(float), atol=1e-6)
            for array in last
            for answer in answers
            if array.shape == answer.shape
        )


def test_the_double_agrees_with_the_single(case):
    framework, model = case
    signature = framework.signature(model)
    double = framework.in_double(model, signature)
    if double is None:
        return
    feed = feed_of(signature, 5)
    with double, framework.session(model, signature) as single:
        wide = double.run({name: array.astype(np.float64) for name, array in feed.items()})
        narrow = single.run(feed)
    for name, array in narrow.items():
        assert np.allclose(wide[name], array, atol=1e-5)
