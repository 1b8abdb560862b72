"""Keras models as sessions: fast, never traced anew, right at every size."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from keras import layers

from mlpack.network.keras_shapes import declared_signature
from mlpack.runtime.keras_session import KerasSession, traced_function
from mlpack.runtime.signature import Signature, TensorSpec


@pytest.fixture(scope="module")
def recurrent():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((None, 5)), layers.LSTM(6), layers.Dense(3)])


@pytest.mark.parametrize("rows", [1, 2, 5, 257])
@pytest.mark.parametrize("steps", [1, 4, 11])
def test_answers_are_those_of_the_model(recurrent, rows, steps):
    feed = np.random.default_rng(rows).standard_normal((rows, steps, 5)).astype(np.float32)
    with KerasSession(recurrent, declared_signature(recurrent)) as session:
        answer = session.run({"input": feed})["output"]
    assert np.allclose(answer, recurrent.predict_on_batch(feed), atol=1e-6)


def test_an_empty_batch_has_the_right_shape():
    """TensorFlow's convolution gives an empty batch the channels of its input: the second one fails, or worse, does not."""
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D()]
    )
    with KerasSession(model, declared_signature(model)) as session:
        assert session.run({"input": np.zeros((0, 8, 8, 3), np.float32)})["output"].shape == (0, 2)


def test_another_size_is_not_traced_anew(recurrent):
    signature = declared_signature(recurrent)
    function = traced_function(recurrent, signature.inputs)
    for rows, steps in ((1, 2), (3, 4), (5, 6)):
        function(np.zeros((rows, steps, 5), np.float32))
    assert function.experimental_get_tracing_count() == 1


def test_inputs_and_outputs_go_by_name():
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    model = keras.Model({"right": right, "left": left}, {"sum": left + right, "difference": left - right})
    with KerasSession(model, declared_signature(model)) as session:
        answer = session.run({"right": np.full((3, 2), 1, np.float32), "left": np.full((3, 2), 5, np.float32)})
    assert answer["sum"][0, 0] == 6
    assert answer["difference"][0, 0] == 4


def test_a_list_of_inputs_keeps_its_order():
    first, second = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([first, second], first - 2 * second)
    signature = declared_signature(model)
    assert [spec.name for spec in signature.inputs] == ["input_0", "input_1"]
    with KerasSession(model, signature) as session:
        feed = {"input_1": np.ones((1, 2), np.float32), "input_0": np.full((1, 2), 5, np.float32)}
        assert session.run(feed)["output"][0, 0] == 3


def test_a_missing_input_is_named(recurrent):
    with KerasSession(recurrent, declared_signature(recurrent)) as session, pytest.raises(KeyError, match="input"):
        session.run({"rows": np.zeros((1, 2, 5), np.float32)})


def test_strings_go_in_and_come_out():
    words = keras.Input((), name="word", dtype="string")
    lookup = layers.StringLookup(vocabulary=["ant", "bee"])
    back = layers.StringLookup(vocabulary=["ant", "bee"], invert=True)
    model = keras.Model(words, [lookup(words), back(lookup(words))])
    with KerasSession(model, declared_signature(model)) as session:
        answer = session.run({"word": np.array(["bee", "ant", "cat"], dtype=object)})
        index, word = (answer[spec.name] for spec in session.signature.outputs)
    assert index.tolist() == [2, 1, 0]
    assert word.tolist() == ["bee", "ant", "[UNK]"]


class Branching(keras.Model):
    """Its Python looks at values, which no traced graph has."""

    def __init__(self):
        super().__init__()
        self.layer = layers.Dense(2)

    def call(self, rows):
        return self.layer(rows) if float(keras.ops.sum(rows)) > 0 else -self.layer(rows)


def test_a_model_that_cannot_be_traced_is_called_eagerly():
    model = Branching()
    model(np.ones((1, 3), np.float32))
    signature = Signature(
        (TensorSpec("input", "float32", ("batch", 3)),), (TensorSpec("output", "float32", ("batch", 2)),)
    )
    with KerasSession(model, signature) as session:
        ones = session.run({"input": np.ones((2, 3), np.float32)})["output"]
        minus = session.run({"input": -np.ones((2, 3), np.float32)})["output"]
    assert np.allclose(ones, minus)


def test_a_closed_session_says_so(recurrent):
    session = KerasSession(recurrent, declared_signature(recurrent))
    session.close()
    session.close()
    with pytest.raises(ValueError, match="closed"):
        session.run({"input": np.zeros((1, 2, 5), np.float32)})
