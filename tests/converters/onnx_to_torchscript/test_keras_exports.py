"""Keras models, through tf2onnx: same answers at every batch size."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf2onnx
from keras import layers


def keras_gelu(x):
    return keras.activations.gelu(x, approximate=True)  # tf2onnx 1.17 has no Erfc, which the exact one becomes


def mlp():
    steps = [layers.Dense(12, activation=name) for name in ("relu", "elu", "selu", "softplus", "swish", "tanh")]
    steps += [layers.Activation(keras_gelu)]
    steps += [layers.BatchNormalization(), layers.LayerNormalization(), layers.LeakyReLU(), layers.PReLU()]
    return keras.Sequential([keras.Input((6,)), *steps, layers.Dropout(0.3), layers.Dense(3, activation="softmax")])


def cnn():
    return keras.Sequential(
        [
            keras.Input((17, 19, 3)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu6"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2, padding="same"),
            layers.DepthwiseConv2D(3, padding="same", dilation_rate=1),
            layers.SeparableConv2D(6, 3, padding="same", activation="hard_sigmoid"),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.AveragePooling2D(2, strides=1, padding="same"),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
            layers.ZeroPadding2D(1),
            layers.Cropping2D(1),
            layers.UpSampling2D(2, interpolation="nearest"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )


def sequence_cnn():
    return keras.Sequential(
        [
            keras.Input((20, 4)),
            layers.Conv1D(6, 3, padding="causal", activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(6, 3, dilation_rate=2),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2, activation="sigmoid"),
        ]
    )


def volume_cnn():
    return keras.Sequential(
        [
            keras.Input((6, 7, 8, 2)),
            layers.Conv3D(3, 3, padding="same"),
            layers.MaxPooling3D(2),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def recurrent(layer):
    def build():
        return keras.Sequential(
            [
                keras.Input((9, 5)),
                layers.Bidirectional(layer(6, return_sequences=True)),
                layer(4, return_sequences=True),
                layer(3),
                layers.Dense(2),
            ]
        )

    return build


def embedding():
    tokens = keras.Input((7,), dtype="int32")
    vectors = layers.Embedding(20, 8)(tokens)
    return keras.Model(tokens, layers.Dense(2)(layers.LSTM(5)(vectors)))


def attention():
    inputs = keras.Input((6, 8))
    attended = layers.MultiHeadAttention(2, 4)(inputs, inputs)
    normal = layers.LayerNormalization()(inputs + attended)
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling1D()(normal)))


MODELS = {
    "mlp": (mlp, (6,)),
    "cnn": (cnn, (17, 19, 3)),
    "sequence cnn": (sequence_cnn, (20, 4)),
    "volume cnn": (volume_cnn, (6, 7, 8, 2)),
    "lstm": (recurrent(layers.LSTM), (9, 5)),
    "gru": (recurrent(layers.GRU), (9, 5)),
    "simple rnn": (recurrent(layers.SimpleRNN), (9, 5)),
    "embedding": (embedding, (7,)),
    "attention": (attention, (6, 8)),
}


@pytest.mark.parametrize("name", MODELS)
def test_keras_model_agrees_at_every_batch_size(name, assert_agrees):
    keras.utils.set_random_seed(0)
    build, shape = MODELS[name]
    net = build()
    dtype = tf.int32 if name == "embedding" else tf.float32
    function = tf.function(lambda x: net(x, training=False))
    signature = [tf.TensorSpec((None, *shape), dtype, name="x")]
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=17)

    def feed(batch):
        generator = np.random.default_rng(batch)
        if name == "embedding":
            return generator.integers(0, 20, (batch, *shape)).astype(np.int32)
        return generator.standard_normal((batch, *shape)).astype(np.float32)

    module = assert_agrees(model, [{"x": feed(batch)} for batch in (1, 2, 5, 33)])
    rows = feed(5)
    # ONNX Runtime is not asked about an empty batch: 1.32 aborts the whole process on some of these graphs.
    assert first(module(as_torch(feed(0)))).shape == (0, *net.output_shape[1:])
    np.testing.assert_allclose(first(module(as_torch(rows))), net(rows, training=False), rtol=1e-3, atol=1e-4)


def as_torch(array):
    import torch

    return torch.from_numpy(array)


def first(answer):
    return (answer[0] if isinstance(answer, tuple) else answer).numpy()
