"""What mlpack reads from a Keras model."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from keras import layers

from mlpack.core.errors import NoRouteError, UsageError
from mlpack.frameworks.keras import FRAMEWORK


def told(model, sample=None):
    signature = FRAMEWORK.signature(model, sample)
    return [str(spec) for spec in signature.inputs], [str(spec) for spec in signature.outputs]


def test_made_up_names_become_input_and_output():
    model = keras.Sequential([keras.Input((30,)), layers.Dense(2)])
    assert told(model) == (["input: float32[batch, 30]"], ["output: float32[batch, 2]"])


def test_names_that_were_given_stay():
    rows = keras.Input((4,), name="rows")
    model = keras.Model(rows, {"price": layers.Dense(1)(rows), "rows": layers.Dense(2)(rows)})
    assert told(model) == (
        ["rows: float32[batch, 4]"],
        ["price: float32[batch, 1]", "rows_output: float32[batch, 2]"],
    )


def test_several_outputs_carry_the_names_of_their_layers():
    rows = keras.Input((4,))
    model = keras.Model(rows, [layers.Dense(1, name="price")(rows), layers.Dense(1, name="count")(rows)])
    assert told(model)[1] == ["price: float32[batch, 1]", "count: float32[batch, 1]"]


@pytest.mark.parametrize(
    ("shape", "parts", "inputs", "outputs"),
    [
        ((None, 5), [layers.LSTM(3)], "batch, sequence, 5", "batch, 3"),
        ((None, 5), [layers.LSTM(3, return_sequences=True)], "batch, sequence, 5", "batch, sequence, 3"),
        ((None, None, 3), [layers.Conv2D(2, 3, padding="same")], "batch, height, width, 3", "batch, height, width, 2"),
        ((None, None, 3), [layers.Conv2D(2, 3)], "batch, height, width, 3", "batch, output_axis_1, output_axis_2, 2"),
        ((None, None, 3), [layers.Permute((2, 1, 3))], "batch, height, width, 3", "batch, width, height, 3"),
    ],
)
def test_axes_of_the_output_follow_those_of_the_input(shape, parts, inputs, outputs):
    model = keras.Sequential([keras.Input(shape), *parts])
    assert told(model) == ([f"input: float32[{inputs}]"], [f"output: float32[{outputs}]"])


def test_a_fixed_batch_stays_fixed():
    model = keras.Sequential([keras.Input(batch_shape=(4, 3)), layers.Dense(2)])
    assert told(model) == (["input: float32[4, 3]"], ["output: float32[4, 2]"])


class Subclassed(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.layer = layers.Dense(2)

    def call(self, rows):
        return self.layer(rows)


def test_a_subclassed_model_is_asked_at_the_shape_it_was_built_for():
    model = Subclassed()
    model(np.zeros((1, 5), np.float32))
    assert told(model) == (["input: float32[batch, 5]"], ["output: float32[batch, 2]"])


def test_one_that_was_not_built_asks_for_a_sample():
    with pytest.raises(UsageError) as asked:
        told(Subclassed())
    assert "--data" in asked.value.hint
    assert told(Subclassed(), {"rows": np.zeros((3, 5), np.float32)})[0] == ["rows: float32[batch, 5]"]


def test_an_empty_model_cannot_predict():
    with pytest.raises(NoRouteError, match="has no layers"):
        told(keras.Sequential())


def test_a_lone_layer_is_no_model():
    assert not FRAMEWORK.recognises(layers.Dense(2))
    assert FRAMEWORK.recognises(keras.Sequential([keras.Input((2,)), layers.Dense(2)]))


def hints_of(*parts, shape=(2,), dtype="float32"):
    model = keras.Sequential([keras.Input(shape, dtype=dtype), *parts])
    return FRAMEWORK.hints(model, FRAMEWORK.signature(model)).columns["input"]


def test_normalization_tells_means_and_deviations():
    layer = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])
    assert [(hint.center, hint.spread) for hint in hints_of(layer)] == [(1, 2), (2, 3)]


def test_embeddings_and_lookups_tell_their_vocabulary():
    (hint,) = hints_of(layers.Embedding(20, 4), dtype="int32")
    assert (hint.low, hint.high, hint.integral) == (0, 19, True)
    (hint,) = hints_of(layers.StringLookup(vocabulary=["ant", "bee"]), shape=(1,), dtype="string")
    assert hint.categories == ("ant", "bee")
    (hint,) = hints_of(layers.IntegerLookup(vocabulary=[10, 20]), shape=(1,), dtype="int64")
    assert hint.categories == (10, 20)


def test_boundaries_and_scales():
    (hint,) = hints_of(layers.Discretization([0.0, 1.5]), shape=(1,))
    assert hint.thresholds.tolist() == [0, 1.5]
    (hint,) = hints_of(layers.Rescaling(1 / 255), shape=(4, 4, 3))
    assert (hint.low, hint.high) == (0, 255)


def test_stages_of_nested_and_repeated_layers():
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, name="down"), layers.Dense(6, name="up")], name="inner"
    )
    rows = keras.Input((6,))
    model = keras.Model(rows, layers.Add(name="sum")([inner(inner(rows)), rows]))
    seen = {}
    feed = {"input": np.ones((2, 6), np.float32)}
    FRAMEWORK.stages(model, FRAMEWORK.signature(model), feed, lambda name, array: seen.update({name: array}))
    assert list(seen) == ["inner/down", "inner/up", "inner/down (2)", "inner/up (2)", "sum"]
    assert np.allclose(seen["sum"], model.predict_on_batch(feed["input"]), atol=1e-6)
    assert "call" not in vars(inner.layers[0]), "the layers are left as they were"


@pytest.mark.parametrize(
    "parts",
    [
        [layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0]), layers.Dense(3, activation="softmax")],
        [layers.Dense(4), layers.BatchNormalization(), layers.Dense(1)],
    ],
)
def test_the_double_is_the_same_model_in_float64(parts):
    model = keras.Sequential([keras.Input((2,)), *parts])
    signature = FRAMEWORK.signature(model)
    rows = np.random.default_rng(0).standard_normal((4, 2))
    with FRAMEWORK.in_double(model, signature) as double, FRAMEWORK.session(model, signature) as single:
        wide = double.run({"input": rows})["output"]
        assert wide.dtype == np.float64
        assert np.abs(wide - single.run({"input": rows.astype(np.float32)})["output"]).max() < 1e-5
    assert model.dtype == "float32"


def test_a_model_that_casts_by_itself_has_no_double():
    class Narrow(layers.Layer):
        def call(self, rows):
            return keras.ops.cast(rows, "float32")

    model = keras.Sequential([keras.Input((2,)), Narrow()])
    assert FRAMEWORK.in_double(model, FRAMEWORK.signature(model)) is None
