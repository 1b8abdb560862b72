"""The layers of Keras, one by one: each answers the same in ONNX, at every batch size, an empty one included."""

import keras
import pytest
from keras import layers

from mlpack.converters.keras_to_onnx import CONVERTER
from mlpack.frameworks.keras import FRAMEWORK as KERAS
from mlpack.frameworks.onnx import FRAMEWORK as ONNX

ROWS, IMAGE, SERIES = (12,), (12, 12, 4), (None, 5)
LAYERS = {
    **{f"activation {name}": (ROWS, lambda name=name: layers.Activation(name)) for name in (
        "relu6", "elu", "selu", "celu", "gelu", "softplus", "softsign", "silu", "exponential", "hard_sigmoid", "hard_silu",
        "leaky_relu", "mish", "log_softmax", "softmax", "tanh_shrink", "squareplus",
    )},
    "PReLU": (ROWS, layers.PReLU),
    "LayerNormalization": (ROWS, layers.LayerNormalization),
    "RMSNormalization": (ROWS, layers.RMSNormalization),
    "GroupNormalization": (ROWS, lambda: layers.GroupNormalization(4)),
    "UnitNormalization": (ROWS, layers.UnitNormalization),
    "Discretization": (ROWS, lambda: layers.Discretization([-1.0, 0.0, 1.0])),
    "RepeatVector": (ROWS, lambda: layers.RepeatVector(3)),
    "Conv2D, dilated": (IMAGE, lambda: layers.Conv2D(5, 3, dilation_rate=2)),
    "Conv2D, strides, same": (IMAGE, lambda: layers.Conv2D(5, 3, strides=2, padding="same")),
    "Conv2D, groups": (IMAGE, lambda: layers.Conv2D(4, 3, groups=2)),
    "Conv2DTranspose": (IMAGE, lambda: layers.Conv2DTranspose(3, 3, strides=2, padding="same")),
    "SeparableConv2D": (IMAGE, lambda: layers.SeparableConv2D(3, 3)),
    "DepthwiseConv2D": (IMAGE, lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)),
    "MaxPooling2D, same": (IMAGE, lambda: layers.MaxPooling2D(3, 2, padding="same")),
    "AveragePooling2D, same": (IMAGE, lambda: layers.AveragePooling2D(3, 2, padding="same")),
    "UpSampling2D, bilinear": (IMAGE, lambda: layers.UpSampling2D(2, interpolation="bilinear")),
    "Resizing, smaller": (IMAGE, lambda: layers.Resizing(8, 8)),
    "Resizing, larger": (IMAGE, lambda: layers.Resizing(20, 20)),
    "CenterCrop": (IMAGE, lambda: layers.CenterCrop(6, 6)),
    "ConvLSTM1D": (IMAGE, lambda: layers.ConvLSTM1D(3, 3)),
    "LSTM": (SERIES, lambda: layers.LSTM(4)),
    "LSTM, backwards": (SERIES, lambda: layers.LSTM(4, go_backwards=True)),
    "LSTM, relu": (SERIES, lambda: layers.LSTM(4, activation="relu")),
    "GRU": (SERIES, lambda: layers.GRU(4)),
    "GRU, reset before": (SERIES, lambda: layers.GRU(4, reset_after=False)),
    "SimpleRNN": (SERIES, lambda: layers.SimpleRNN(4)),
    "Bidirectional": (SERIES, lambda: layers.Bidirectional(layers.LSTM(4, return_sequences=True))),
    "Conv1D, causal": (SERIES, lambda: layers.Conv1D(3, 3, padding="causal", dilation_rate=2)),
    "Masking": (SERIES, lambda: layers.Masking(0.0)),
    "TimeDistributed": (IMAGE, lambda: layers.TimeDistributed(layers.Dense(3))),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_it_answers_the_same(name, variants_of, compared):
    shape, make = LAYERS[name]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape), make()])
    signature = KERAS.signature(model)
    built = variants_of(CONVERTER, model, signature)["tf2onnx"].build()
    with KERAS.session(model, signature) as original, ONNX.session(built, ONNX.signature(built)) as converted:
        assert converted.signature == signature
        assert max(compared(original, converted, ((1, 0), (2, 0), (5, 3), (0, 0)))) < 5e-6


def test_masked_words_through_a_recurrent_layer(variants_of, compared):
    keras.utils.set_random_seed(0)
    parts = [keras.Input((None,), dtype="int32"), layers.Embedding(20, 4, mask_zero=True), layers.LSTM(3)]
    model = keras.Sequential(parts)
    signature = KERAS.signature(model)
    built = variants_of(CONVERTER, model, signature)["tf2onnx"].build()
    with KERAS.session(model, signature) as original, ONNX.session(built, signature) as converted:
        assert max(compared(original, converted)) < 2e-6


def test_causal_attention(variants_of, compared):
    keras.utils.set_random_seed(0)
    series = keras.Input((None, 8))
    model = keras.Model(series, layers.MultiHeadAttention(2, 4)(series, series, use_causal_mask=True))
    signature = KERAS.signature(model)
    built = variants_of(CONVERTER, model, signature)["tf2onnx"].build()
    with KERAS.session(model, signature) as original, ONNX.session(built, signature) as converted:
        assert max(compared(original, converted)) < 2e-6
