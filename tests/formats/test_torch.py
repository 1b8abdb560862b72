"""Modules, weights alone, checkpoints; the zip and what came before it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlpack.core.errors import NoRouteError
from mlpack.core.model_file import sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify

TORCH = format_named("torch")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_module(zipped, tmp_path, model_of, answers):
    path = tmp_path / "model.pt"
    torch.save(model_of("torch"), path, _use_new_zipfile_serialization=zipped)
    form, header = identify(path)
    assert (form.name, header.framework) == ("torch", "torch")
    assert header.model == "Sequential(Linear, BatchNorm1d, ReLU, Linear)"
    assert header.parameters == sum(one.numel() for one in model_of("torch").parameters())
    assert header.findings
    loaded = TORCH.load(path, Trust.of([sha256_of(path)]))
    np.testing.assert_array_equal(answers("torch", loaded), answers("torch", model_of("torch")))


@pytest.mark.parametrize("zipped", [True, False])
def test_weights_alone_cannot_be_a_model(zipped, tmp_path, model_of):
    path = tmp_path / "model.pth"
    weights = model_of("torch").state_dict()
    torch.save(weights, path, _use_new_zipfile_serialization=zipped)
    header = identify(path)[1]
    assert (header.framework, header.model, header.findings) == ("torch", "state_dict", ())
    assert header.parameters == sum(one.numel() for one in weights.values())
    with pytest.raises(NoRouteError, match="weights only") as refusal:
        TORCH.load(path)
    assert "torch.jit.script(model).save" in refusal.value.hint


def test_a_checkpoint_names_the_key_of_its_weights(tmp_path, model_of):
    path = tmp_path / "checkpoint.pt"
    module = model_of("torch")
    optimizer = torch.optim.Adam(module.parameters())
    torch.save({"epoch": 3, "model": module.state_dict(), "optimizer": optimizer.state_dict()}, path)
    header = identify(path)[1]
    assert header.model == "state_dict"
    assert any("'model'" in note for note in header.notes)


def test_a_checkpoint_that_holds_more_than_tensors_needs_trust_but_is_no_model_either(tmp_path, model_of):
    path = tmp_path / "checkpoint.pt"
    torch.save({"weights": model_of("torch").state_dict(), "scheduler": torch.nn.ReLU()}, path)
    header = identify(path)[1]
    assert header.model == "state_dict"
    assert header.findings


def test_a_tensor_is_no_model(tmp_path):
    path = tmp_path / "tensor.pt"
    torch.save(torch.ones(3), path)
    header = identify(path)[1]
    assert header.framework != "onnx"
    assert header.model
