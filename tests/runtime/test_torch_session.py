"""Torch modules, scripted or not, as sessions: names, dtypes, sizes."""

import json
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.runtime.torch_session import TorchSession
from mlpack.runtime.torch_values import array_of, named_leaves, tensor_of
from mlpack.runtime.torchscript_session import PROVENANCE, TorchScriptSession

Pair = namedtuple("Pair", ["mean", "spread"])  # noqa: PYI024 - the untyped kind is what is tested


@dataclass
class Scores:
    low: torch.Tensor
    high: torch.Tensor


ROWS = torch.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (ROWS, ["output"]),
        ((ROWS, ROWS), ["output_0", "output_1"]),
        ((ROWS, (ROWS, [ROWS])), ["output_0", "output_1", "output_2"]),
        ({"logits": ROWS, "loss": None}, ["logits"]),
        ({"states": (ROWS, ROWS), "last": ROWS}, ["states_0", "states_1", "last"]),
        (Pair(ROWS, ROWS), ["mean", "spread"]),
        (Scores(ROWS, ROWS), ["low", "high"]),
        (1.5, ["output"]),
    ],
)
def test_the_tensors_of_every_kind_of_result_have_names(result, names):
    assert [name for name, _ in named_leaves(result)] == names


def test_text_is_no_output():
    with pytest.raises(TypeError, match="text"):
        named_leaves(["a"])


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0)[::-1], np.arange(6, dtype=">f4"), np.arange(6, dtype=np.int16), np.array(2.5), np.zeros((0, 3)),
        np.ones((2, 3), dtype=bool), np.arange(12.0).reshape(3, 4).T, np.arange(4, dtype=np.float16),
    ],
)  # fmt: skip
def test_arrays_come_back_from_torch_as_they_were(array):
    back = array_of(tensor_of(array))
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(back, array)


def test_read_only_memory_is_copied_without_a_warning(recwarn):
    frozen = np.frombuffer(np.arange(4.0).tobytes())
    assert tensor_of(frozen).tolist() == [0, 1, 2, 3]
    assert not recwarn


def test_bfloat16_goes_by_its_bits():
    import ml_dtypes

    array = np.array([1, 2.5, -3], dtype=ml_dtypes.bfloat16)
    assert tensor_of(array).dtype == torch.bfloat16
    assert np.array_equal(array_of(tensor_of(array)), array)


def test_strings_are_no_tensors():
    with pytest.raises(TypeError, match="numbers"):
        tensor_of(np.array(["a"], dtype=object))


def signature(*shapes, outputs=(("output", ("batch", 2)),)):
    return Signature(
        tuple(TensorSpec(name, "float32", shape) for name, shape in shapes),
        tuple(TensorSpec(name, "float32", shape) for name, shape in outputs),
    )


LINEAR = signature(("input", ("batch", 3)))


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 257])
@pytest.mark.parametrize("scripted", [False, True])
def test_every_batch_size(rows, scripted):
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    session = TorchScriptSession(torch.jit.script(module), LINEAR) if scripted else TorchSession(module, LINEAR)
    feed = {"input": np.random.default_rng(0).random((rows, 3)).astype(np.float32)}
    with session:
        answer = session.run(feed)["output"]
        assert answer.shape == (rows, 2)
        assert np.array_equal(answer, session.run(feed)["output"]), "dropout is off"


def test_no_gradient_is_kept():
    with TorchSession(nn.Linear(3, 2), LINEAR) as session:
        session.run({"input": np.zeros((1, 3), np.float32)})["output"][0] = 1  # an array of its own, free to be written


class Optional(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, rows, scale=None, shift=None):
        answer = self.layer(rows)
        answer = answer if scale is None else answer * scale
        return answer if shift is None else answer + shift


def test_an_input_with_a_default_goes_by_its_name():
    module = Optional()
    with TorchSession(module, signature(("rows", ("batch", 3)), ("shift", ("batch", 2)))) as session:
        rows, shift = np.ones((2, 3), np.float32), np.full((2, 2), 5, np.float32)
        answer = session.run({"shift": shift, "rows": rows})["output"]
    assert np.allclose(answer, module.layer(torch.ones(2, 3)).detach().numpy() + 5)


def test_a_missing_input_is_named():
    with TorchSession(nn.Linear(3, 2), LINEAR) as session, pytest.raises(KeyError, match="input"):
        session.run({"rows": np.zeros((1, 3), np.float32)})


class Two(nn.Module):
    def forward(self, rows):
        return rows + 1, rows - 1


def test_outputs_take_the_names_of_the_signature():
    named = signature(("rows", ("batch", 2)), outputs=(("more", ("batch", 2)), ("less", ("batch", 2))))
    with TorchScriptSession(torch.jit.script(Two()), named) as session:
        answer = session.run({"rows": np.zeros((1, 2), np.float32)})
    assert answer["more"][0, 0] == 1
    assert answer["less"][0, 0] == -1


def test_a_file_of_ours_carries_its_signature(tmp_path):
    path = tmp_path / "model.pt"
    note = json.dumps({"mlpack.signature": json.dumps(LINEAR.to_json())})
    torch.jit.save(torch.jit.script(nn.Linear(3, 2)), path, _extra_files={PROVENANCE: note})
    with TorchScriptSession(path) as session:
        assert session.signature == LINEAR
        assert session.run({"input": np.zeros((2, 3), np.float32)})["output"].shape == (2, 2)


def test_a_strange_file_needs_a_signature(tmp_path):
    path = tmp_path / "model.pt"
    torch.jit.save(torch.jit.script(nn.Linear(3, 2)), path)
    with pytest.raises(ValueError, match="does not say what its inputs are"):
        TorchScriptSession(path)
