"""Answers as JSON has them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlpack.runtime.coerce.answers import Answers, plain
from mlpack.runtime.coerce.fields import numpy_dtype
from mlpack.runtime.signature import Signature, TensorSpec


def answers(*outputs: TensorSpec, **classes: tuple[Any, ...]) -> Answers:
    return Answers(Signature((), outputs, classes=classes))


LABEL = TensorSpec("label", "int64", ("batch",), "label")


def probabilities(count: int, name: str = "probabilities") -> TensorSpec:
    return TensorSpec(name, "float32", ("batch", count), "probabilities")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 10])
def test_a_classifier_says_label_and_probabilities_by_class(count):
    classes = tuple(f"class {number}" for number in range(count))
    asked = answers(
        TensorSpec("label", "string", ("batch",), "label"), probabilities(count), label=classes, probabilities=classes
    )
    odds = np.random.default_rng(0).random((5, count), np.float32)
    labels = np.array(classes, object)[odds.argmax(axis=1)]
    found = asked.predictions({"label": labels, "probabilities": odds}, 5)
    assert found == [
        {"label": label, "probabilities": dict(zip(classes, row, strict=True))}
        for label, row in zip(labels.tolist(), odds.tolist(), strict=True)
    ]
    assert not asked.bare
    assert asked.outputs[1].keys == classes
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_labels_keep_their_kind_and_classes_are_texts():
    for dtype, labels, keys in (("int64", (-1, 1), ("-1", "1")), ("bool", (False, True), ("False", "True"))):
        asked = answers(
            TensorSpec("label", dtype, ("batch",), "label"), probabilities(2), label=labels, probabilities=labels
        )
        odds = np.array([[0.25, 0.75]], np.float32)
        (found,) = asked.predictions({"label": np.array(labels[1:], dtype), "probabilities": odds}, 1)
        assert found["label"] is labels[1] or found["label"] == labels[1]
        assert type(found["label"]) is type(labels[1])
        assert found["probabilities"] == dict(zip(keys, (0.25, 0.75), strict=True))


def test_several_outputs_of_a_classifier():
    asked = answers(
        TensorSpec("label", "int64", ("batch", 2), "label"),
        probabilities(2, "probabilities_0"),
        probabilities(3, "probabilities_1"),
        probabilities_0=(0, 1),
        probabilities_1=(5, 6, 7),
    )
    outputs = {
        "label": np.array([[0, 7]]),
        "probabilities_0": np.array([[1.0, 0.0]], np.float32),
        "probabilities_1": np.array([[0.25, 0.25, 0.5]], np.float32),
    }
    assert asked.predictions(outputs, 1) == [
        {
            "label": [0, 7],
            "probabilities_0": {"0": 1.0, "1": 0.0},
            "probabilities_1": {"5": 0.25, "6": 0.25, "7": 0.5},
        }
    ]


def test_outlier_detectors_clusterers_and_mixtures():
    decision = TensorSpec("decision", "float64", ("batch",), "decision")
    outputs: dict[str, Any] = {"label": np.array([1, -1]), "decision": np.array([0.5, -0.5])}
    found = answers(LABEL, decision, label=(-1, 1)).predictions(outputs, 2)
    assert found == [{"label": 1, "decision": 0.5}, {"label": -1, "decision": -0.5}]
    assert answers(LABEL).predictions(outputs, 2) == [{"label": 1}, {"label": -1}]
    outputs["probabilities"] = np.array([[0.5, 0.5], [1, 0]], np.float32)
    found = answers(LABEL, probabilities(2)).predictions(outputs, 2)
    assert found[1] == {"label": -1, "probabilities": [1.0, 0.0]}


def test_one_plain_output_is_the_prediction():
    one = answers(TensorSpec("prediction", "float64", ("batch",)))
    assert one.bare
    assert one.predictions({"prediction": np.array([1.5, math.nan])}, 2) == [1.5, None]
    assert one.predictions({"prediction": np.array([[1.5], [2.5]])}, 2) == [1.5, 2.5]
    wide = answers(TensorSpec("transformed", "float32", ("batch", 2)))
    assert wide.predictions({"transformed": np.array([[1, 2]], np.float32)}, 1) == [[1.0, 2.0]]
    text = answers(TensorSpec("answer", "string", ("batch",)))
    assert text.predictions({"answer": np.array(["yes"], object)}, 1) == ["yes"]


def test_several_plain_outputs_are_named():
    asked = answers(*(TensorSpec(name, "float32", ("batch", 1)) for name in "abc"))
    outputs = {name: np.array([[number]], np.float32) for number, name in enumerate("abc")}
    assert asked.predictions(outputs, 1) == [{"a": [0.0], "b": [1.0], "c": [2.0]}]


def test_axes_of_rows_that_are_not_the_first():
    asked = answers(TensorSpec("x", "float32", (2, "batch")), TensorSpec("t", "float32", ()))
    found = asked.predictions({"x": np.array([[1, 2, 3], [4, 5, 6]], np.float32), "t": np.array(0.5, np.float32)}, 3)
    assert found == [{"x": [1.0, 4.0], "t": 0.5}, {"x": [2.0, 5.0], "t": 0.5}, {"x": [3.0, 6.0], "t": 0.5}]


def test_no_rows():
    asked = answers(LABEL, probabilities(2), probabilities=(0, 1))
    assert asked.predictions({"label": np.zeros(0, np.int64), "probabilities": np.zeros((0, 2), np.float32)}, 0) == []
    assert answers(TensorSpec("t", "float32", ())).predictions({"t": np.array(1, np.float32)}, 0) == []


def test_numbers_that_are_none_are_null_and_nothing_else_is():
    asked = answers(LABEL, probabilities(2), probabilities=("no", "yes"))
    odds = np.array([[math.nan, 1], [math.inf, -math.inf], [3e38, 3e38]], np.float32)
    found = asked.predictions({"label": np.array([1, 0, 1]), "probabilities": odds}, 3)
    assert [one["probabilities"]["no"] for one in found] == [None, None, float(np.float32(3e38))]
    assert asked.outputs[1].may_be_missing
    assert not asked.outputs[0].may_be_missing


def test_classes_that_read_alike_are_no_keys():
    asked = answers(probabilities(2), probabilities=(1, "1"))
    assert asked.outputs[0].keys == ()
    assert asked.predictions({"probabilities": np.array([[0.5, 0.5]], np.float32)}, 1) == [
        {"probabilities": [0.5, 0.5]}
    ]


@given(
    arrays.arrays(
        st.sampled_from(["float16", "float32", "float64", "int8", "uint64", "int64", "bool"]),
        arrays.array_shapes(max_dims=3, max_side=3),
    )
)
def test_every_array_is_json(array):
    found = json.loads(json.dumps(plain(array), allow_nan=False))
    assert found == np.where(np.isfinite(array), array.astype(object), None).tolist()


def test_bfloat16_is_numbers():
    assert plain(np.array([1.5, math.nan], numpy_dtype("bfloat16"))) == [1.5, None]
