"""Configurations that Keras itself writes are clean; names that reach for anything else are found, each for what it is."""

from __future__ import annotations

import inspect
import json

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.saving import serialization_lib

from mlpack.scan.keras_judge import judge_config
from mlpack.scan.keras_sizes import sizes_beyond
from mlpack.scan.lists.graphs import keras_names

ARGUMENTS = {
    "Activation": ("relu",), "AlphaDropout": (0.1,), "Bidirectional": (layers.LSTM(2),), "CategoryEncoding": (4,),
    "CenterCrop": (2, 2), "Dense": (4,), "Discretization": ([1.0, 2.0],), "Dot": (1,), "Dropout": (0.1,),
    "EinsumDense": ("abc,cd->abd", (None, 4)), "Embedding": (5, 4), "GRU": (2,), "GRUCell": (2,), "GaussianDropout": (0.1,),
    "GaussianNoise": (0.1,), "GroupQueryAttention": (4, 4, 2), "HashedCrossing": (4,), "Hashing": (4,), "InputLayer": ((4,),),
    "LSTM": (2,), "LSTMCell": (2,), "MultiHeadAttention": (2, 4), "Permute": ((2, 1),), "Pipeline": ([layers.Rescaling(1.0)],),
    "RNN": (layers.LSTMCell(2),), "RepeatVector": (2,), "Rescaling": (1.0,), "Reshape": ((2, 2),), "Resizing": (2, 2),
    "ReversibleEmbedding": (5, 4), "SimpleRNN": (2,), "SimpleRNNCell": (2,), "StackedRNNCells": ([layers.LSTMCell(2)],),
    "SpectralNormalization": (layers.Dense(2),), "TimeDistributed": (layers.Dense(2),), "RandomCrop": (2, 2),
    "MaxNumBoundingBoxes": (4,), "RandomErasing": (0.1,), "RandomShear": (0.1,), "RandomZoom": (0.1,),
}  # fmt: skip
"""What a layer cannot be made without."""
LEFT_OUT = {"Layer", "Wrapper", "Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"}
LAYERS = [
    name
    for name, kind in sorted(vars(layers).items())
    if inspect.isclass(kind) and issubclass(kind, layers.Layer) and name not in LEFT_OUT
]


def made(name):
    kind = getattr(layers, name)
    if name in ARGUMENTS:
        return kind(*ARGUMENTS[name])
    tries = [(), (2,), (3,), (0.1,), (2, 3), (0.1, 0.1)]
    return next(layer for layer in (attempt(kind, arguments) for arguments in tries) if layer is not None)


def attempt(kind, arguments):
    try:
        return kind(*arguments)
    except (TypeError, ValueError, AttributeError):
        return None


def findings_of(document, **options):
    text = json.dumps(document)
    return judge_config(json.loads(text), text, **options).findings


def rules_of(document, **options):
    return {one.rule for one in findings_of(document, **options)}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_of_keras_is_clean(name):
    assert findings_of(keras.saving.serialize_keras_object(made(name))) == ()


@pytest.mark.parametrize(
    "module", ["initializers", "regularizers", "constraints", "losses", "metrics", "optimizers", "dtype_policies"]
)
def test_every_other_object_of_keras_is_clean(module):
    bases = list(vars(keras).values())
    kinds = [kind for kind in vars(getattr(keras, module)).values() if inspect.isclass(kind) and kind not in bases]
    objects = [attempt(kind, arguments) for kind in kinds for arguments in ((), ("mixed_float16",), (2,), (0.1,))]
    for found in (one for one in objects if one is not None and type(one).__name__ != "OptimizerMap"):
        assert findings_of(keras.saving.serialize_keras_object(found)) == ()


@pytest.mark.parametrize("module", ["activations", "losses", "metrics"])
def test_every_function_of_keras_is_clean(module):
    for name, function in vars(getattr(keras, module)).items():
        if inspect.isfunction(function) and name not in {"get", "serialize", "deserialize"}:
            assert findings_of(keras.saving.serialize_keras_object(function)) == ()


def test_operations_dtypes_and_training_of_a_real_model_are_clean():
    start = keras.Input((4,), name="start")
    halves = keras.ops.concatenate([keras.ops.sin(start[:, :2]), keras.ops.relu(start[:, 2:])], axis=1)
    wide = layers.Dense(2, keras.ops.tanh, dtype="mixed_float16", kernel_regularizer="l2", kernel_constraint="max_norm")
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model = keras.Model(start, wide(layers.RandomFlip(seed=1)(keras.ops.reshape(halves, (-1, 2, 2, 1)))))
    model.compile(keras.optimizers.Adam(schedule), "mse", metrics=["mae", keras.metrics.MeanSquaredError()])
    model.fit(np.zeros((2, 4)), np.zeros((2, 2, 2, 2)), verbose=0)
    document = keras.saving.serialize_keras_object(model)
    assert document["compile_config"]["optimizer"]
    assert findings_of(document) == ()


def test_what_is_listed_resolves_to_keras_itself():
    """The name that is judged safe is the one that Keras, in safe mode, takes for its own class."""
    installed = [
        (m, n) for m, n in keras_names().classes if m.startswith(("keras.layers", "keras.init", "keras.src.ops"))
    ]
    found = 0
    for module, name in installed:
        config = {"module": module, "class_name": name, "config": {}, "registered_name": None}
        try:
            kind = serialization_lib._retrieve_class_or_fn(name, None, module, "class", config, {})
        except (TypeError, ValueError):
            continue  # of an earlier or later Keras
        found += 1
        assert kind.__module__.startswith("keras.src.")
    assert found > 400


def part(module, name, config=None, **more):
    return {"module": module, "class_name": name, "config": {"name": "one"} if config is None else config, **more}


CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAAb3MKc3lzdGVtCnRvdWNoIC90bXAvY2FuYXJ5AAAAAA=="}}
ERRORS = [
    (part("keras.layers", "Lambda", {"name": "one", "function": CODE}), "keras/runs-code", "touch /tmp/canary"),
    ({"class_name": "Lambda", "config": {"function": ["4wEA", None, None]}}, "keras/runs-code", "Lambda"),
    (part("keras.layers", "Dense", {"name": "one", "activation": CODE}), "keras/runs-code", "one"),
    (part("keras.layers", "TFSMLayer", {"name": "one", "filepath": "/tmp/saved"}), "keras/runs-code", "/tmp/saved"),
    (part("keras.layers", "TorchModuleWrapper"), "keras/runs-code", "torch"),
    (part("keras.layers", "JaxLayer"), "keras/runs-code", "pickled"),
    (part("keras.layers", "FlaxLayer"), "keras/runs-code", "pickled"),
    (part("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"}), "keras/vocabulary", "/etc/passwd"),
    (
        part("mine", "Own", {"vocabulary": {"class_name": "__bytes__", "config": {"value": "a"}}}),
        "keras/vocabulary",
        "",
    ),
    (part("os", "system"), "keras/module", "os.system"),
    (part("builtins", "function", "eval"), "keras/module", "eval"),
    (part("numpy", "function", "load"), "keras/module", "numpy.load"),
    (part("tensorflow.python.ops.io_ops", "write_file"), "keras/module", "write_file"),
    (part("torch", "load"), "keras/module", "torch.load"),
    (part("keras", "layers.Lambda"), "keras/module", "keras.layers.Lambda"),
    (part("keras.src.layers.core.lambda_layer", "Lambda"), "keras/runs-code", "Lambda"),
    (part("keras.src.utils.file_utils", "get_file"), "keras/module", "get_file"),
    (part("keras.src.export.tfsm_layer", "TFSMLayer"), "keras/runs-code", "TFSMLayer"),
    (part("keras.utils", "function", "get_file"), "keras/function", "keras.utils.get_file"),
    (part("keras.saving", "function", "load_model"), "keras/function", "load_model"),
    (
        part("keras.config", "function", "enable_unsafe_deserialization"),
        "keras/function",
        "unsafe",
    ),
    (part("keras.activations", "function", "deserialize"), "keras/function", "deserialize"),
    (part("keras.applications", "function", "ResNet50V2"), "keras/function", "ResNet50V2"),
    (part("keras.layers", "deserialize"), "keras/module", "deserialize"),
    (part("keras.layers.", "Dense"), "keras/module", "keras.layers..Dense"),
    (part("mine..os", "Own"), "keras/module", "mine..os"),
    ({"class_name": "deserialize", "config": {}}, "keras/module", "deserialize"),
    ({"class_name": "__builtins__", "config": {}}, "keras/form", "__builtins__"),
    ({"class_name": "__typespec__", "spec_name": "X", "config": []}, "keras/form", "X"),
    ({"class_name": "TypeSpec", "type_spec": "tf.X", "serialized": []}, "keras/form", "tf.X"),
    ({"class_name": "CompositeTensor", "spec": {}}, "keras/form", "CompositeTensor"),
    ({"class_name": "__class__", "config": {}}, "keras/form", "__class__"),
    ({"class_name": "__numpy__", "config": {"value": [], "dtype": [["a", "O"]]}}, "keras/form", "dtype"),
    ({"class_name": ["Dense"], "config": {}}, "keras/form", "no words"),
    (part(["keras"], "Dense"), "keras/form", "no words"),
    (part("keras.layers", "function", {"name": "relu"}), "keras/form", "no words"),
    ({"class_name": "TFOpLambda", "config": {"function": "io.write_file"}}, "keras/function", "io.write_file"),
    ({"class_name": "TensorFlowOpLayer", "config": {"node_def": 'op: "WriteFile"'}}, "keras/function", "WriteFile"),
]


@pytest.mark.parametrize(("hostile", "rule", "said"), ERRORS, ids=lambda value: "")
@pytest.mark.parametrize("deep", [False, True])
def test_what_reaches_for_more_is_an_error_that_names_it(hostile, rule, said, deep):
    document = part("keras.layers", "TimeDistributed", {"layer": [{"a": hostile}]}) if deep else hostile
    found = [one for one in findings_of(document) if one.rule == rule]
    assert [one.severity for one in found] == ["error"]
    assert said in found[0].message


OWN = [
    part("mypackage.layers", "Gate", registered_name="mypackage>Gate"),
    part(None, "Gate", registered_name="mypackage>Gate"),
    part("keras_hub.layers", "RotaryEmbedding", registered_name="keras_hub>RotaryEmbedding"),
    part("keras.layers", "Dense", registered_name="mine>Dense"),
    part("keras.layers", "OfTheNextKeras"),
    part("builtins", "function", "my_activation", registered_name="function"),
    part("mypackage.acts", "function", "gate", registered_name="mypackage>gate"),
    {"class_name": "Custom>Gate", "config": {}},
    {"class_name": "Gate", "config": {}},
]


@pytest.mark.parametrize("document", OWN, ids=lambda value: "")
def test_a_class_of_ones_own_is_a_matter_of_trust(document):
    assert [(one.rule, one.severity) for one in findings_of(document)] == [("keras/own-class", "warning")]


def test_what_only_training_needs_is_noted():
    loss = part("mypackage.losses", "function", "focal")
    document = {**part("keras", "Sequential", {"layers": []}), "compile_config": {"loss": loss}}
    assert [(one.rule, one.severity) for one in findings_of(document)] == [("keras/training", "note")]
    document["compile_config"]["loss"] = CODE
    assert rules_of(document) == {"keras/runs-code"}
    assert rules_of({"loss": "mine", "optimizer_config": {"class_name": "Adam", "config": {}}}, training=True) == set()


def test_keras_2_layers_that_compute_are_clean():
    for name in (
        "math.multiply",
        "nn.relu",
        "__operators__.add",
        "compat.v1.nn.softmax",
        "concat",
        "keras.backend.maximum",
    ):
        assert findings_of({"class_name": "TFOpLambda", "config": {"function": name, "name": "tf.x"}}) == ()
    assert findings_of({"class_name": "CuDNNLSTM", "config": {"units": 3}}) == ()
    assert findings_of(part("keras.src.engine.functional", "Functional", registered_name="Functional")) == ()


def test_a_finding_says_where_in_the_member():
    document = part("keras", "Sequential", {"layers": [part("keras.layers", "Lambda", {"function": CODE})]})
    text = json.dumps(document)
    (found,) = judge_config(document, text, member="config.json").findings
    assert found.member == "config.json"
    assert text[found.offset :].startswith('"Lambda"')


def test_sizes_are_held_against_the_weights():
    honest = keras.Sequential([layers.Input((4,)), layers.Embedding(30, 8), layers.LSTM(5), layers.Dense(3)])
    document = keras.saving.serialize_keras_object(honest)
    assert sizes_beyond(document, honest.count_params(), "config.json") == ()
    for kind, settings in [("Dense", {"units": 1 << 40}), ("Embedding", {"input_dim": 1 << 20, "output_dim": 1 << 20})]:
        (found,) = sizes_beyond(part("keras.layers", kind, {"name": "one", **settings}), 1000, "config.json")
        assert "claims 1,099,511,627,776 weights" in found.message
    built = part(
        "keras.layers", "Dense", {"name": "one", "units": 1 << 10}, build_config={"input_shape": [None, 1 << 30]}
    )
    assert len(sizes_beyond(built, 1000, "config.json")) == 1
    assert len(sizes_beyond(part("keras.layers", "InputLayer", {"batch_shape": [None, 1 << 40]}), 1000, "")) == 1
