"""PyTorch to TorchScript: a script where there can be one, a trace only where it cannot lie."""

import numpy as np
import pytest

from mlpack.converters.torch_to_torchscript import CONVERTER
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.frameworks.torch import FRAMEWORK as TORCH
from mlpack.frameworks.torchscript import FRAMEWORK as SCRIPT


@pytest.mark.parametrize("variant", ["script", "trace"])
@pytest.mark.parametrize(
    "name", ["digits", "mlp", "fully convolutional", "encoder", "translator", "two inputs", "double"]
)
def test_the_compiled_module_answers_as_the_original(torch_networks, variants_of, compared, name, variant):
    module = torch_networks[name]
    signature = TORCH.signature(module)
    built = variants_of(CONVERTER, module, signature)[variant].build()
    with TORCH.session(module, signature) as original, SCRIPT.session(built, SCRIPT.signature(built)) as compiled:
        assert max(compared(original, compiled)) < 2e-6


def test_weights_are_shared_not_copied(torch_networks, variants_of):
    module = torch_networks["mlp"]
    for variant in variants_of(CONVERTER, module, TORCH.signature(module)).values():
        built = variant.build()
        assert {weight.data_ptr() for weight in built.parameters()} == {w.data_ptr() for w in module.parameters()}


def test_a_script_keeps_branches_and_a_trace_of_them_is_refused(torch_networks, variants_of, compared):
    module = torch_networks["undecided"]
    signature = TORCH.signature(module)
    variants = variants_of(CONVERTER, module, signature)
    assert list(variants) == ["script", "trace"]
    with (
        TORCH.session(module, signature) as original,
        SCRIPT.session(variants["script"].build(), signature) as compiled,
    ):
        assert max(compared(original, compiled)) == 0
        negative = {"rows": np.full((3, 4), -1, np.float32)}
        assert np.array_equal(original.run(negative)["output"], compiled.run(negative)["output"])
    with pytest.raises(UnsupportedOperatorError, match="decides by values"):
        variants["trace"].build()


def test_a_trace_that_is_bound_to_a_size_is_refused(variants_of):
    from torch import nn

    class Large(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, rows):
            return self.layer(rows) * (2.0 if rows.shape[0] > 3 else 1.0)

    module = Large().eval()
    with pytest.raises(UnsupportedOperatorError, match="size of axis batch"):
        variants_of(CONVERTER, module, TORCH.signature(module))["trace"].build()


def test_a_lone_recurrent_layer_has_no_script(torch_networks, variants_of, compared):
    module = torch_networks["lstm"]
    signature = TORCH.signature(module)
    variants = variants_of(CONVERTER, module, signature)
    with pytest.raises(UnsupportedOperatorError, match="no forward"):
        variants["script"].build()
    with TORCH.session(module, signature) as original, SCRIPT.session(variants["trace"].build(), signature) as compiled:
        assert max(compared(original, compiled)) == 0


def test_a_trace_can_go_on_to_onnx(torch_networks, variants_of):
    """The fused Transformer layer of torch would be one operator in it that no exporter knows."""
    module = torch_networks["encoder"]
    built = variants_of(CONVERTER, module, TORCH.signature(module))["trace"].build()
    assert "_transformer_encoder_layer_fwd" not in str(built.inlined_graph)


def test_two_conversions_of_one_file_give_equal_bytes(torch_networks, trusted, tmp_path):
    """torch writes the constants of a scripted module in the order of a set of strings, another one in each process."""
    import torch

    import mlpack

    source = tmp_path / "encoder.pt"
    torch.save(torch_networks["encoder"], source)
    made = []
    for name in ("first", "second"):
        path = tmp_path / f"{name}.torchscript"
        mlpack.convert(source, path, to="torchscript", trust=trusted(source))
        made.append(path.read_bytes())
    assert made[0] == made[1]
