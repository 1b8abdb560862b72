"""TorchScript to ONNX: branches and loops included."""

import numpy as np
import pytest
import torch

from mlpack.converters.torchscript_to_onnx import CONVERTER
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.frameworks.onnx import FRAMEWORK as ONNX
from mlpack.frameworks.torch import FRAMEWORK as TORCH
from mlpack.frameworks.torchscript import FRAMEWORK as SCRIPT

OWN, CALLED = "classic exporter", "classic exporter, called from a trace"


def test_the_newer_exporter_rejects_every_script_module(torch_networks):
    script = torch.jit.script(torch_networks["mlp"])
    with pytest.raises(Exception, match=r"[Ss]cript"):
        torch.onnx.export(script, (torch.zeros(2, 30),), dynamo=True, verbose=False)


@pytest.mark.parametrize("variant", [OWN, CALLED])
@pytest.mark.parametrize("name", ["digits", "mlp", "fully convolutional", "signal", "double", "words"])
def test_a_script_answers_the_same_in_onnx(torch_networks, variants_of, compared, name, variant):
    module = torch.jit.script(torch_networks[name])
    signature = SCRIPT.signature(module)
    assert signature == TORCH.signature(torch_networks[name])
    built = variants_of(CONVERTER, module, signature)[variant].build()
    with SCRIPT.session(module, signature) as original, ONNX.session(built, ONNX.signature(built)) as converted:
        assert converted.signature == signature
        assert max(compared(original, converted)) < 2e-6


@pytest.mark.parametrize("variant", [OWN, CALLED])
def test_branches_and_loops_become_if_and_loop(torch_networks, variants_of, compared, variant):
    module = torch.jit.script(torch_networks["undecided"])
    signature = SCRIPT.signature(module)
    built = variants_of(CONVERTER, module, signature)[variant].build()
    kinds = {node.op_type for node in built.proto().graph.node}
    assert {"If", "Loop"} <= kinds
    with SCRIPT.session(module, signature) as original, ONNX.session(built, signature) as converted:
        assert max(compared(original, converted)) < 2e-6
        for value in (-1, 1):
            feed = {"rows": np.full((3, 4), value, np.float32)}
            assert np.allclose(original.run(feed)["output"], converted.run(feed)["output"], atol=1e-6)


def test_a_traced_recurrent_layer_keeps_its_length_free(torch_networks, variants_of, compared):
    module = torch.jit.trace(torch_networks["lstm"], torch.zeros(2, 7, 5), check_trace=False)
    signature = SCRIPT.signature(module)
    built = variants_of(CONVERTER, module, signature)[OWN].build()
    with SCRIPT.session(module, signature) as original, ONNX.session(built, signature) as converted:
        assert max(compared(original, converted)) < 2e-6


@pytest.mark.parametrize("name", ["encoder", "translator", "mlp"])
def test_a_traced_transformer_goes_through_torch_export(torch_networks, variants_of, compared, feeds, name):
    from mlpack.network.torch_onnx import without_fused_attention

    module = torch_networks[name]
    signature = TORCH.signature(module)
    tensors = tuple(torch.from_numpy(array) for array in feeds(signature, 2).values())
    with without_fused_attention():
        trace = torch.jit.trace(module, tensors, check_trace=False)
    built = variants_of(CONVERTER, trace, signature)["dynamo"].build()
    with SCRIPT.session(trace, signature) as original, ONNX.session(built, ONNX.signature(built)) as converted:
        assert converted.signature == signature
        assert max(compared(original, converted)) < 2e-6


def test_an_operator_without_an_equivalent_is_named(torch_networks, variants_of):
    module = torch.jit.script(torch_networks["translator"])
    for variant in variants_of(CONVERTER, module, SCRIPT.signature(module)).values():
        with pytest.raises(UnsupportedOperatorError, match=r"aten::|cannot export"):
            variant.build()


def test_the_module_keeps_its_graph(torch_networks, variants_of):
    """The exporter inlines the graph it is given, after which nobody could tell where its layers were."""
    module = torch.jit.script(torch_networks["mlp"])
    before = str(module.graph)
    first, second = (variants_of(CONVERTER, module, SCRIPT.signature(module))[OWN].build().proto() for _ in range(2))
    assert str(module.graph) == before
    assert first.SerializeToString() == second.SerializeToString()
