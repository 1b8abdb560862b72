"""PyTorch to ONNX: every variant, at every size, and the traps of its exporters."""

import hashlib

import numpy as np
import onnx
import pytest

from mlpack.converters.torch_to_onnx import CONVERTER
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.frameworks.onnx import FRAMEWORK as ONNX
from mlpack.frameworks.torch import FRAMEWORK as TORCH

GRAPH, FOLDED_NOT = "dynamo", "dynamo, optimize=False"
TRACED, SCRIPTED = "classic exporter, traced", "classic exporter, scripted"


def opened(built, signature):
    found = ONNX.signature(built)
    assert found == signature
    return ONNX.session(built, found)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("digits", GRAPH), ("digits", FOLDED_NOT), ("digits", TRACED), ("digits", SCRIPTED),
        ("mlp", GRAPH), ("normalised", FOLDED_NOT), ("fully convolutional", GRAPH), ("fully convolutional", TRACED),
        ("signal", TRACED), ("lstm", TRACED), ("lstm, time first", TRACED), ("encoder", GRAPH), ("double", GRAPH),
        ("words", GRAPH), ("translator", GRAPH), ("translator", FOLDED_NOT), ("two inputs", GRAPH), ("two inputs", TRACED),
        ("undecided", SCRIPTED),
    ],
)  # fmt: skip
def test_the_graph_answers_as_the_module_at_every_size(torch_networks, variants_of, compared, name, variant):
    module = torch_networks[name]
    signature = TORCH.signature(module)
    built = variants_of(CONVERTER, module, signature)[variant].build()
    with TORCH.session(module, signature) as original, opened(built, signature) as converted:
        assert max(compared(original, converted)) < 2e-6


def test_an_example_of_one_row_makes_a_transformer_that_fails_at_two(torch_networks, tmp_path):
    """The trap that makes mlpack export with two rows or more: the graph says that its batch is free, and it is not."""
    import onnxruntime
    import torch

    path = tmp_path / "one.onnx"
    torch.onnx.export(
        torch_networks["encoder"], (torch.randn(1, 8, 16),), path, dynamo=True, input_names=["src"],
        dynamic_axes={"src": {0: "batch"}}, verbose=False,
    )  # fmt: skip
    session = onnxruntime.InferenceSession(path)
    assert session.get_inputs()[0].shape[0] == "batch"
    two = np.random.default_rng(0).standard_normal((2, 8, 16)).astype(np.float32)
    with pytest.raises(Exception, match="Reshape"):
        session.run(None, {"src": two})


@pytest.mark.parametrize("variant", [GRAPH, FOLDED_NOT])
def test_a_recurrent_layer_whose_length_was_fixed_is_refused(torch_networks, variants_of, variant):
    module = torch_networks["lstm"]
    signature = TORCH.signature(module)
    variants = variants_of(CONVERTER, module, signature)
    assert next(iter(variants)) == TRACED, "the exporter that keeps the length free comes first"
    with pytest.raises(UnsupportedOperatorError, match="fixed axis 1 \\(sequence\\)"):
        variants[variant].build()


def test_a_trace_of_a_module_that_decides_by_values_is_refused(torch_networks, variants_of):
    module = torch_networks["undecided"]
    variants = variants_of(CONVERTER, module, TORCH.signature(module))
    with pytest.raises(UnsupportedOperatorError, match="decides by values"):
        variants[TRACED].build()
    with pytest.raises(UnsupportedOperatorError):
        variants[GRAPH].build()


def test_outputs_that_are_all_nan_are_exported_as_they_are(torch_networks, variants_of, feeds, capfd):
    """torch prints a pass for these; whether they mean anything is for verify to say."""
    module = torch_networks["all NaN"]
    signature = TORCH.signature(module)
    built = variants_of(CONVERTER, module, signature)[GRAPH].build()
    with opened(built, signature) as converted:
        assert np.isnan(converted.run(feeds(signature, 3))["output"]).all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "variant"), [("digits", GRAPH), ("digits", TRACED), ("lstm", TRACED), ("mlp", SCRIPTED)]
)
def test_two_conversions_give_equal_bytes_without_traces_of_this_machine(torch_networks, variants_of, name, variant):
    module = torch_networks[name]
    signature = TORCH.signature(module)
    graphs = [variants_of(CONVERTER, module, signature)[variant].build().proto() for _ in range(2)]
    first, second = (hashlib.sha256(graph.SerializeToString()).hexdigest() for graph in graphs)
    assert first == second
    assert b"/site-packages/" not in graphs[0].SerializeToString()
    assert not graphs[0].graph.node[0].metadata_props


def test_the_opset_that_was_asked_for(torch_networks, variants_of):
    module = torch_networks["mlp"]
    variants = variants_of(CONVERTER, module, TORCH.signature(module), opset=18)
    for variant in (GRAPH, TRACED):
        graph = variants[variant].build().proto()
        assert {entry.domain: entry.version for entry in graph.opset_import}[""] == 18
        onnx.checker.check_model(graph)


def test_an_operator_without_an_equivalent_is_named():
    import torch
    from torch import nn

    from mlpack.core.converter import Conversion

    class Eigen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, rows):
            return torch.linalg.eigvals(torch.einsum("bi,bj->bij", self.layer(rows), rows)).real

    module = Eigen().eval()
    signature = TORCH.signature(module)
    example = {"rows": np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)}
    for variant in CONVERTER.variants(Conversion(module, signature, example))[:3]:
        with pytest.raises(UnsupportedOperatorError, match="eig"):
            variant.build()


def test_the_module_is_left_as_it_was(torch_networks, variants_of):
    import torch

    module = torch_networks["mlp"]
    before = {name: value.clone() for name, value in module.state_dict().items()}
    for variant in variants_of(CONVERTER, module, TORCH.signature(module)).values():
        variant.build()
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert not module.training
