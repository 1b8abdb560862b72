from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mlpack
from mlpack.runtime.errors import StartError
from mlpack.runtime.service.calibrate import best_batch, calibrate
from mlpack.runtime.service.golden import difference, read_golden
from mlpack.runtime.service.model import open_model
from mlpack.runtime.service.processors import threads_for
from mlpack.runtime.settings import Settings


def test_a_cheap_model_is_asked_on_the_event_loop(logistic_bundle):
    model = open_model(logistic_bundle, Settings())
    assert model.plan.inline_rows >= 1
    assert set(model.plan.seconds) >= {1, 2, 4}
    answers = model.session.run(model.golden.inputs)
    assert (answers["label"] == model.golden.outputs["label"]).all()
    model.close()


def test_a_costly_model_gets_batches_and_one_without_a_batch_axis_none(logistic_bundle):
    model = open_model(logistic_bundle, Settings())

    def slow(feed):
        wait = 0.002 + 0.0001 * len(next(iter(feed.values())))
        os.sched_yield()
        import time

        time.sleep(wait)
        return {}

    plan = calibrate(slow, model.golden, model.signature)
    assert plan.inline_rows == 0
    assert plan.best_batch > 8
    assert calibrate(slow, model.golden, model.signature, batching=False).best_batch == 1
    fixed = replace(model.signature, inputs=tuple(replace(spec, shape=(1, 30)) for spec in model.signature.inputs))
    assert calibrate(slow, model.golden, fixed).best_batch == 1
    model.close()


@pytest.mark.parametrize(
    ("milliseconds", "best"),
    [
        (
            {1: 0.13, 2: 0.15, 4: 0.18, 8: 0.33, 16: 0.68, 32: 1.54, 64: 3.1},
            32,
        ),  # as good as 16 while a cache is its own
        ({1: 10, 2: 20, 4: 40, 8: 80}, 1),  # nothing is saved: whoever waits for others only waits
        ({1: 10, 2: 10.1, 4: 10.2, 8: 10.5, 16: 11, 32: 22}, 16),
        ({1: 0.2, 2: 0.21, 4: 0.22, 8: 0.24}, 8),
    ],
)
def test_the_best_batch(milliseconds, best):
    assert best_batch({size: spent / 1000 for size, spent in milliseconds.items()}) == best


def reported(folder: Path) -> StartError:
    with pytest.raises(StartError) as refusal:
        open_model(folder, Settings())
    return refusal.value


def test_a_bundle_whose_model_was_changed_is_refused(copied):
    model = copied / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\0")
    assert reported(copied).exit_code == 7


def test_a_model_that_is_not_the_one_that_was_judged_is_refused(logistic_bundle):
    judged = json.loads((logistic_bundle / "mlpack.json").read_text())["model"]["sha256"]
    open_model(logistic_bundle, Settings(model_sha256=judged)).close()
    with pytest.raises(StartError, match="not the file that was judged") as refusal:
        open_model(logistic_bundle, Settings(model_sha256="0" * 64))
    assert refusal.value.exit_code == 7


def test_a_model_that_answers_otherwise_is_not_served(copied):
    """The golden predictions are written again with another answer, hashes and all."""
    with np.load(copied / "golden.npz") as stored:
        arrays = dict(stored)
    arrays["output/probabilities"] = arrays["output/probabilities"][:, ::-1]
    np.savez(copied / "golden.npz", **arrays)
    rehashed(copied, "golden.npz")
    error = reported(copied)
    assert error.exit_code == 3
    assert "probabilities of row 0" in error.why


def rehashed(folder: Path, name: str) -> None:
    import hashlib

    path = folder / "mlpack.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["files"]:
        if entry["path"] == name:
            entry["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))


def test_golden_predictions_of_another_model_are_refused(copied):
    np.savez(copied / "golden.npz", **{"input/other": np.zeros((1, 3)), "output/label": np.zeros(1)})
    rehashed(copied, "golden.npz")
    assert "of another model" in reported(copied).message


@pytest.mark.parametrize("form", ["native", "onnx"])
def test_every_kind_of_bundle_opens(form, forest_pipeline, tmp_path):
    path = tmp_path / f"{form}.mlpack"
    mlpack.pack(forest_pipeline, path, format=form)
    model = open_model(path, Settings(threads=1))
    assert model.golden.rows > 1
    model.close()


def test_differences_are_told_by_row():
    expected = np.array([[0.1, 0.9], [0.5, 0.5]])
    assert difference("p", expected + 1e-9, expected, (1e-8, 0.0)) == ""
    assert "p of row 1" in difference("p", expected + np.array([[0, 0], [0, 1e-3]]), expected, (1e-8, 0.0))
    assert "shape" in difference("p", expected[:1], expected, None)
    assert difference("p", np.array([np.nan]), np.array([np.nan]), None) == ""
    assert "a of row 1" in difference("a", np.array(["x", "y"], object), np.array(["x", "z"], object), None)


def test_strings_come_back_as_objects(tmp_path, logistic_bundle):
    golden = read_golden(logistic_bundle, open_model(logistic_bundle, Settings()).signature)
    assert all(array.dtype.kind != "U" for array in (*golden.inputs.values(), *golden.outputs.values()))


def test_processors_are_divided_among_workers():
    assert threads_for(1) >= threads_for(2) >= threads_for(10_000) == 1
