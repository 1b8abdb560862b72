"""A variant that needs another environment asks for a fresh worker, and gets one."""

import keras
import numpy as np
import pytest

from mlpack.convert.attempts import SOURCE
from mlpack.isolate import Sandbox, Worker
from mlpack.verify.peer import Peer


@pytest.fixture
def model(tmp_path):
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [keras.Input((6,), name="rows"), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2)]
    )
    path = tmp_path / "dense.keras"
    network.save(path)
    return path


def attempt(worker, choice, path):
    example = {"rows": np.zeros((2, 6), np.float32)}
    worker.call("prepare", converters=["keras → onnx"], example=example, opset=None)
    return worker.call("attempt", choice=[choice], path=str(path), format="onnx", provenance={})


def test_the_torch_backend_runs_in_a_worker_started_for_it(model, tmp_path):
    with Worker(SOURCE, sandbox=Sandbox(reads=(model,))) as worker:
        peer = Peer(worker)
        peer.open(model, "keras")
        needs = {}
        choice = 0
        while not needs:
            answer = attempt(worker, choice, worker.scratch / "unused.onnx")
            assert "exhausted" not in answer, "no variant asks for another environment"
            needs = answer.get("needs", {})
            choice += not needs
        rows = {peer.signature.inputs[0].name: np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)}
        expected = peer.run(rows).outputs
    assert needs == {"KERAS_BACKEND": "torch"}
    with Worker(SOURCE, environment=needs, sandbox=Sandbox(writes=(tmp_path,))) as fresh:
        Peer(fresh).open(model, "keras")
        answer = attempt(fresh, choice, tmp_path / "dense.onnx")
        assert "failed" not in answer, answer
    with Worker("mlpack.verify.side:Side", sandbox=Sandbox(reads=(tmp_path,))) as worker:
        peer = Peer(worker)
        peer.open(tmp_path / "dense.onnx", "onnx")
        given = peer.run(rows).outputs
    for name, values in expected.items():
        assert np.abs(given[name] - values).max() < 1e-5
