"""Shapes that follow from a configuration, against the shapes that Keras computes."""

from __future__ import annotations

import contextlib
import json

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from mlpack.core.errors import CorruptFileError
from mlpack.scan.keras_config import read_config


def image_model():
    return keras.Sequential(
        [layers.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dropout(0.1), layers.Dense(5)]
    )


def pooled_model():
    start = [layers.Input((None, 4)), layers.Conv1D(2, 3)]
    return keras.Sequential([*start, layers.GlobalMaxPooling1D(), layers.Dense(2), layers.Softmax()])


def table_model():
    return keras.Sequential([layers.Input((4,)), layers.BatchNormalization(), layers.Dense(3, "relu"), layers.Dense(1)])


def sequence_model():
    return keras.Sequential([layers.Input((None, 4)), layers.LSTM(3, return_sequences=True), layers.Dense(2)])


def branched_model():
    start = layers.Input((6,), name="start")
    return keras.Model(start, [layers.Dense(2, name="one")(start), layers.Dense(3, name="two")(start)])


MODELS = [image_model, pooled_model, table_model, sequence_model, branched_model]


def legacy(model):
    """As HDF5 files hold it: without what the layers were built for."""
    document = {"class_name": type(model).__name__, "config": model.get_config()}
    return strip(json.loads(json.dumps(document, default=keras.saving.serialize_keras_object)))


def strip(part):
    if isinstance(part, dict):
        return {key: strip(value) for key, value in part.items() if key != "build_config"}
    return [strip(value) for value in part] if isinstance(part, list) else part


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("form", [legacy, lambda model: json.loads(model.to_json())])
def test_shapes_are_those_that_keras_computes(make, form):
    model = make()
    told = read_config(form(model), "test").signature
    assert [ranked(spec.shape) for spec in told.inputs] == [tuple(tensor.shape) for tensor in model.inputs]
    if told.outputs:
        assert [ranked(spec.shape) for spec in told.outputs] == [tuple(tensor.shape) for tensor in model.outputs]
    else:
        assert make in {pooled_model, sequence_model}


def ranked(shape):
    return tuple(None if isinstance(size, str) else size for size in shape)


def test_layers_of_wrappers_and_nested_models_are_counted():
    inner = keras.Sequential([layers.Input((3,)), layers.Dense(2)])
    model = keras.Sequential([layers.Input((4, 3)), layers.TimeDistributed(inner), layers.Bidirectional(layers.GRU(2))])
    told = read_config(json.loads(model.to_json()), "test")
    assert told.operators["Dense"] == 1
    assert told.operators["Bidirectional"] == 1
    assert told.operators["GRU"] >= 1


@pytest.mark.parametrize("document", [None, [], {}, {"class_name": 3}, "text"])
def test_what_is_no_configuration_is_corrupt(document):
    with pytest.raises(CorruptFileError):
        read_config(document, "test")


@pytest.mark.parametrize(
    "config", [None, [], 3, {"layers": None}, {"layers": [None, 3]}, {"layers": [{"class_name": "Dense"}]}]
)
def test_odd_configurations_have_no_signature(config):
    assert read_config({"class_name": "Sequential", "config": config}, "test").signature is None


DOCUMENT = json.loads(branched_model().to_json())
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["config", "layers", "name"]), inner)
    ),
    max_leaves=5,
)


def test_an_output_that_is_named_many_times_is_looked_at_once():
    count = 200_000
    layer = {"class_name": "Dense", "name": "a", "config": {"name": "a"}, "inbound_nodes": [0] * count}
    first = {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_shape": [None, 3]}}
    config = {"layers": [layer, first], "input_layers": ["i", 0, 0], "output_layers": [["a"]] * count}
    assert read_config({"class_name": "Functional", "config": config}, "test").signature is not None


def places(part, path=()):
    """Every place in a document."""
    yield path
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


PLACES = list(places(DOCUMENT))[1:]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=4))
def test_any_configuration_is_described_or_corrupt(changes):
    document = json.loads(json.dumps(DOCUMENT))
    for path, value in changes:
        part = document
        with contextlib.suppress(LookupError, TypeError):  # an earlier change took the place away
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = value
    with contextlib.suppress(CorruptFileError):
        read_config(document, "test")
