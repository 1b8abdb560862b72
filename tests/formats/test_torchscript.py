"""Scripted, traced and frozen modules."""

from __future__ import annotations

import pytest
import torch

from mlpack.formats import format_named, identify

TORCHSCRIPT = format_named("torchscript")


class Gated(torch.nn.Module):
    """Two inputs, a branch, a shared weight and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(4, 4, bias=False)
        self.second = torch.nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight
        self.register_buffer("offset", torch.ones(4))

    def forward(self, x: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        if bool(gate.sum() > 0):
            x = torch.relu(self.first(x))
        return self.second(x) + self.offset


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.pt"
    TORCHSCRIPT.save(torch.jit.script(Gated()), path)
    return path


def test_the_header(saved):
    header = identify(saved)[1]
    assert header.model == "Gated"
    assert header.parameters == 16
    assert header.operators["aten::linear"] >= 1
    assert header.operators["aten::relu"] == 1
    assert "forward(x: Tensor, gate: Tensor) -> Tensor" in header.notes
    assert header.versions["TorchScript"].isdigit()
    assert header.findings == ()


@pytest.mark.parametrize("make", [torch.jit.script, lambda module: torch.jit.trace(module, torch.zeros(2, 4))])
def test_parameters_without_buffers(make, tmp_path, model_of):
    module = model_of("torch")
    TORCHSCRIPT.save(make(module), tmp_path / "model.pt")
    assert identify(tmp_path / "model.pt")[1].parameters == sum(one.numel() for one in module.parameters())


def test_a_frozen_module_has_constants(tmp_path, model_of):
    TORCHSCRIPT.save(torch.jit.freeze(torch.jit.script(model_of("torch"))), tmp_path / "model.pt")
    header = identify(tmp_path / "model.pt")[1]
    assert header.parameters > 0
    assert any("frozen" in note for note in header.notes)
    assert TORCHSCRIPT.load(tmp_path / "model.pt")(torch.zeros(2, 4)).shape == (2, 3)


def test_the_stamp_is_an_extra_file(saved):
    TORCHSCRIPT.stamp(saved, {"mlpack.verdict": "PASS"})
    extra = {"mlpack.json": ""}
    module = torch.jit.load(str(saved), _extra_files=extra)
    assert b"PASS" in extra["mlpack.json"]
    assert torch.equal(
        module(torch.ones(1, 4), torch.ones(1)), TORCHSCRIPT.load(saved)(torch.ones(1, 4), torch.ones(1))
    )


def test_saving_again_forgets_the_stamp(saved, tmp_path):
    TORCHSCRIPT.stamp(saved, {"mlpack.verdict": "PASS"})
    TORCHSCRIPT.save(TORCHSCRIPT.load(saved), tmp_path / "again.pt")
    assert not identify(tmp_path / "again.pt")[1].provenance


def test_what_torch_itself_saved_is_read(tmp_path):
    torch.jit.script(Gated()).save(str(tmp_path / "model.pt"))
    assert identify(tmp_path / "model.pt")[0].name == "torchscript"


def test_stamping_again_leaves_one_stamp_and_no_dead_bytes(saved):
    TORCHSCRIPT.stamp(saved, {"mlpack.verdict": "PASS"})
    once = saved.read_bytes()
    TORCHSCRIPT.stamp(saved, {"mlpack.verdict": "FAIL"})
    TORCHSCRIPT.stamp(saved, {"mlpack.verdict": "PASS"})
    assert saved.read_bytes() == once
