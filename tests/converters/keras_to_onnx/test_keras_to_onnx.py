"""Keras to ONNX: through TensorFlow here, through Keras's torch backend in a process of its own."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from mlpack.converters.keras_to_onnx import CONVERTER
from mlpack.core.errors import UnsupportedOperatorError, UsageError
from mlpack.frameworks.keras import FRAMEWORK as KERAS
from mlpack.frameworks.onnx import FRAMEWORK as ONNX

FIRST, UNFOLDED, TORCH = "tf2onnx", "tf2onnx, nothing folded", "torch backend"
NAMES = ("convolutional", "two inputs", "attention", "fully convolutional", "gelu")


@pytest.mark.parametrize("variant", [FIRST, UNFOLDED])
@pytest.mark.parametrize("name", NAMES)
def test_the_graph_answers_as_the_model_at_every_size(keras_networks, variants_of, compared, name, variant):
    model = keras_networks[name]
    signature = KERAS.signature(model)
    built = variants_of(CONVERTER, model, signature)[variant].build()
    with KERAS.session(model, signature) as original, ONNX.session(built, ONNX.signature(built)) as converted:
        assert converted.signature == signature
        assert max(compared(original, converted)) < 2e-6


def test_a_recurrent_model_keeps_its_length_free(keras_networks, variants_of, compared):
    model = keras_networks["recurrent"]
    signature = KERAS.signature(model)
    ways = variants_of(CONVERTER, model, signature)
    built = ways[FIRST].build()
    with KERAS.session(model, signature) as original, ONNX.session(built, ONNX.signature(built)) as converted:
        assert converted.signature == signature
        assert max(compared(original, converted)) < 2e-6
    with pytest.raises(UnsupportedOperatorError, match="not valid"):
        ways[UNFOLDED].build()  # loops need tf2onnx's own clean-up


def test_variants_are_the_same_for_every_worker(keras_networks, variants_of):
    """A worker started afresh with another backend has to find its variant by its place."""
    ways = variants_of(CONVERTER, keras_networks["gelu"], KERAS.signature(keras_networks["gelu"]))
    assert list(ways) == [FIRST, UNFOLDED, TORCH]
    assert ways[TORCH].environment == (("KERAS_BACKEND", "torch"),)
    with pytest.raises(UsageError, match="Keras runs on tensorflow"):
        ways[TORCH].build()


@pytest.mark.parametrize("name", ["recurrent", "attention", "convolutional"])
def test_two_conversions_give_equal_bytes(keras_networks, variants_of, name):
    """tf2onnx goes on counting, and sorts by memory addresses."""
    model = keras_networks[name]
    signature = KERAS.signature(model)
    graphs = [variants_of(CONVERTER, model, signature)[FIRST].build().proto() for _ in range(2)]
    first, second = (hashlib.sha256(graph.SerializeToString()).hexdigest() for graph in graphs)
    assert first == second


def test_the_mean_of_a_normalization_is_part_of_the_graph(keras_networks, variants_of):
    """tf2onnx alone makes two more inputs of them, which nobody could feed."""
    import tf2onnx

    from mlpack.runtime.keras_session import traced_function

    model = keras_networks["convolutional"]
    signature = KERAS.signature(model)
    function = traced_function(model, signature.inputs)
    alone, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=18)
    assert len(alone.graph.input) == 3
    built = variants_of(CONVERTER, model, signature)[FIRST].build().proto()
    assert [value.name for value in built.graph.input] == ["input"]


def test_an_opset_newer_than_tf2onnx_writes(keras_networks, variants_of, compared):
    model = keras_networks["convolutional"]
    signature = KERAS.signature(model)
    built = variants_of(CONVERTER, model, signature, opset=20)[FIRST].build()
    assert {entry.domain: entry.version for entry in built.proto().opset_import}[""] == 20
    with KERAS.session(model, signature) as original, ONNX.session(built, signature) as converted:
        assert max(compared(original, converted)) < 2e-6


def test_a_layer_without_an_equivalent_is_named(variants_of):
    import keras

    class Inverse(keras.layers.Layer):
        def call(self, rows):
            return keras.ops.erfinv(rows)

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), Inverse(name="volume"), keras.layers.Dense(1)])
    with pytest.raises(UnsupportedOperatorError) as refusal:
        variants_of(CONVERTER, model, KERAS.signature(model))[FIRST].build()
    assert "Erfinv" in refusal.value.message
    assert "volume" in refusal.value.why


def test_a_model_that_answers_the_same_for_everything_converts(vacuous_keras, variants_of, compared, feeds):
    """That its conversion "agrees" proves nothing: verify has to call it VACUOUS."""
    signature = KERAS.signature(vacuous_keras)
    built = variants_of(CONVERTER, vacuous_keras, signature)[FIRST].build()
    with KERAS.session(vacuous_keras, signature) as original, ONNX.session(built, signature) as converted:
        answers = original.run(feeds(signature, 5))["output"]
        assert np.allclose(answers, 0.1, atol=1e-3)
        assert max(compared(original, converted, ((2, 0),))) < 1e-5


_ON_TORCH = """
import json, sys
import numpy as np, onnxruntime, torch, keras
from mlpack.converters.keras_to_onnx import CONVERTER
from mlpack.core.converter import Conversion
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.frameworks.keras import FRAMEWORK
from mlpack.runtime.onnxruntime_session import OnnxRuntimeSession

def feed_of(signature, rows, size):
    shape = [d if isinstance(d, int) else rows if d == "batch" else size for d in signature.inputs[0].shape]
    return {signature.inputs[0].name: np.random.default_rng(rows).standard_normal(shape).astype("float32")}

found = {}
for path in sys.argv[1:]:
    model = keras.models.load_model(path)
    signature = FRAMEWORK.signature(model)
    way = CONVERTER.variants(Conversion(model, signature, feed_of(signature, 2, 9)))[2]
    try:
        built = way.build()
    except UnsupportedOperatorError as error:
        found[path] = error.message
        continue
    with FRAMEWORK.session(model, signature) as original, OnnxRuntimeSession(built.graph.SerializeToString()) as converted:
        assert converted.signature == signature
        worst = 0.0
        for rows in (0, 1, 2, 5):
            feed = feed_of(signature, rows, 13)
            wanted, answer = original.run(feed)["output"], converted.run(feed)["output"]
            assert wanted.shape == answer.shape
            worst = max(worst, float(np.abs(wanted - answer).max(initial=0)))
        found[path] = worst

# What a script would do: the classic exporter, the time axis declared free. It unrolls the loop over the example's steps.
model = keras.models.load_model(sys.argv[1])
torch.onnx.export(model.eval(), (torch.zeros(2, 9, 5),), "plain.onnx", dynamo=False, input_names=["input"],
                  output_names=["output"], dynamic_axes={"input": {0: "batch", 1: "time"}, "output": {0: "batch"}})
rows = np.random.default_rng(0).standard_normal((4, 40, 5)).astype("float32")
plain = onnxruntime.InferenceSession("plain.onnx").run(None, {"input": rows})[0]
found["plain"] = float(np.abs(plain - keras.ops.convert_to_numpy(model(torch.as_tensor(rows)).detach())).max())
print("FOUND", json.dumps(found))
"""


def test_on_the_torch_backend_a_free_time_axis_is_refused_and_the_rest_is_right(keras_networks, tmp_path):
    """The trap: a Keras LSTM exported through torch is silently wrong at other lengths. The variant refuses to."""
    paths = []
    for name in ("recurrent", "convolutional", "gelu"):
        paths.append(tmp_path / f"{name}.keras")
        keras_networks[name].save(paths[-1])
    environment = {**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": os.pathsep.join(sys.path)}
    script = tmp_path / "on_torch.py"
    script.write_text(_ON_TORCH)
    run = subprocess.run(
        [sys.executable, str(script), *map(str, paths)],
        capture_output=True, text=True, check=False, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(next(line for line in run.stdout.splitlines() if line.startswith("FOUND"))[6:])
    assert found["plain"] > 0.01, "the exporter got it right: the variant may come back"
    assert "fixed axis 1 (sequence)" in found[str(paths[0])]
    assert found[str(paths[1])] < 1e-5
    assert found[str(paths[2])] < 1e-5
