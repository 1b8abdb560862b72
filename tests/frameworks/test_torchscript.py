"""What mlpack finds out about a TorchScript module that is not known from torch modules."""

import json
import warnings

import pytest
import torch
from torch import nn

from mlpack.core.errors import NoRouteError, UsageError
from mlpack.frameworks.torchscript import FRAMEWORK
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.runtime.torchscript_session import PROVENANCE, load_with_signature


@pytest.fixture(autouse=True)
def _without_deprecations():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class Lengths(nn.Module):
    def forward(self, rows: list[torch.Tensor]):
        return rows[0]


class Method(nn.Module):
    @torch.jit.export
    def answer(self, rows):
        return rows


class WithDefault(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, rows, scale: float = 2.0):
        return self.layer(rows) * scale


def test_inputs_that_are_no_tensors_are_refused():
    with pytest.raises(NoRouteError, match=r"rows of type List\[Tensor\]"):
        FRAMEWORK.signature(torch.jit.script(Lengths()))


def test_inputs_with_a_default_are_left_to_it():
    signature = FRAMEWORK.signature(torch.jit.script(WithDefault()))
    assert [str(spec) for spec in signature.inputs] == ["rows: float32[batch, 3]"]


def test_a_frozen_module_has_no_layers_left_to_guess_from():
    frozen = torch.jit.freeze(torch.jit.script(nn.Sequential(nn.Linear(3, 2)).eval()))
    with pytest.raises(UsageError, match="does not say what its inputs are"):
        FRAMEWORK.signature(frozen)
    import numpy as np

    signature = FRAMEWORK.signature(frozen, {"input": np.zeros((4, 3), np.float32)})
    assert [str(spec) for spec in signature.outputs] == ["output: float32[batch, 2]"]


def test_the_signature_that_mlpack_noted_in_the_file_is_taken(tmp_path):
    noted = Signature(
        (TensorSpec("flower", "float32", ("batch", 3)),), (TensorSpec("probabilities", "float32", ("batch", 2)),)
    )
    path = tmp_path / "model.pt"
    note = json.dumps({"mlpack.signature": json.dumps(noted.to_json())})
    torch.jit.save(torch.jit.script(nn.Linear(3, 2)), path, _extra_files={PROVENANCE: note})
    assert FRAMEWORK.signature(load_with_signature(path)) == noted


def test_a_double_of_a_module_with_a_dtype_in_its_code_is_not_to_be_had():
    class Cast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, rows):
            return self.layer(rows.to(torch.float32))

    module = torch.jit.script(Cast().eval())
    assert FRAMEWORK.in_double(module, FRAMEWORK.signature(module)) is None
