"""Keras computes in NHWC, ONNX in NCHW: the layers are matched all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from mlpack.converters import all_converters
from mlpack.core.converter import Conversion
from mlpack.frameworks import all_frameworks
from mlpack.runtime.session import Feed
from mlpack.verify.bisect import collect, first_difference
from mlpack.verify.fingerprint import Fingerprint


@pytest.fixture(scope="module")
def network() -> tuple[list[Fingerprint], onnx.ModelProto, Feed]:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", name="first"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="relu"),
            layers.MaxPool2D(name="pool"),
            layers.Conv2D(16, 3, activation="relu", name="second"),
            layers.Flatten(name="flatten"),
            layers.Dense(32, activation="tanh", name="hidden"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(10, activation="softmax", name="last"),
        ]
    )
    images = np.random.default_rng(0).normal(size=(64, 8, 8, 1)).astype(np.float32)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images, np.arange(64) % 10, verbose=0)
    framework = all_frameworks()["keras"]
    signature = framework.signature(model)
    feed = {signature.inputs[0].name: images[:4]}
    (converter,) = [edge for edge in all_converters().values() if (edge.source, edge.target) == ("keras", "onnx")]
    built: Any = converter.variants(Conversion(model, signature, feed))[0].build()
    graph = built if isinstance(built, onnx.ModelProto) else built.proto()
    return collect(framework, model, signature, feed), graph, feed


def stages_of_graph(graph: onnx.ModelProto, feed: Feed) -> list[Fingerprint]:
    framework = all_frameworks()["onnx"]
    signature = framework.signature(graph)
    return collect(framework, graph, signature, {signature.inputs[0].name: next(iter(feed.values()))})


def test_equal_models_agree(network: tuple[list[Fingerprint], onnx.ModelProto, Feed]) -> None:
    stages, graph, feed = network
    assert first_difference(stages, stages_of_graph(graph, feed), 1e-4).verdict == "agree"


@pytest.mark.parametrize(("layer", "size"), [("first", 72), ("second", 1152), ("hidden", 2048), ("last", 320)])
def test_the_damaged_layer_is_named(
    layer: str, size: int, network: tuple[list[Fingerprint], onnx.ModelProto, Feed]
) -> None:
    stages, graph, feed = network
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    (kernel,) = [tensor for tensor in copy.graph.initializer if int(np.prod(tensor.dims)) == size]
    values = numpy_helper.to_array(kernel).copy()
    values.reshape(-1)[values.size // 2] += float(np.abs(values).max())
    kernel.CopyFrom(numpy_helper.from_array(values, kernel.name))
    parting = first_difference(stages, stages_of_graph(copy, feed))
    assert (parting.verdict, parting.stage) == ("parted", layer)
    assert parting.nodes
