"""What mlpack finds out about a torch module by trying it."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from mlpack.core.errors import NoRouteError, UsageError
from mlpack.frameworks.torch import FRAMEWORK
from mlpack.frameworks.torchscript import FRAMEWORK as SCRIPT


class Sentences(nn.Module):
    """Token ids through a Transformer; ``first`` says whether the rows come first inside."""

    def __init__(self, first: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 16)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, batch_first=first), 1)
        self.head = nn.Linear(16, 3)
        self.first = first

    def forward(self, tokens):
        words = self.table(tokens)
        if not self.first:
            words = words.transpose(0, 1)
        return self.head(self.encoder(words).mean(1 if self.first else 0))


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(4, 3)
        self.right = nn.Embedding(7, 3)

    def forward(self, left, right):
        return {"sum": self.left(left) + self.right(right).mean(1), "left": self.left(left)}


class Halving(nn.Module):
    """A U-Net in small: answers sizes that 2 divides only."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(4, 3, 2, 2)

    def forward(self, image):
        return self.up(self.down(image)) + image


class Weights(nn.Module):
    """No layers, a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = nn.Parameter(torch.ones(30, 2))

    def forward(self, x):
        return x @ self.matrix


MODULES = {
    "mlp": (
        nn.Sequential(nn.Linear(30, 4), nn.ReLU(), nn.Linear(4, 2)),
        ["input: float32[batch, 30]"],
        ["output: float32[batch, 2]"],
    ),
    "flattened": (nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), ["input: float32[batch, 64]"], ["output: float32[batch, 3]"]),
    "pooled": (
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10)),
        ["input: float32[batch, 1, height, width]"],
        ["output: float32[batch, 10]"],
    ),
    "28 × 28 only": (
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 10)),
        ["input: float32[batch, 1, 28, 28]"],
        ["output: float32[batch, 10]"],
    ),
    "image to image": (
        nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 1)),
        ["input: float32[batch, 3, height, width]"],
        ["output: float32[batch, 2, height, width]"],
    ),
    "shrinking": (
        nn.Conv2d(3, 4, 3, stride=2),
        ["input: float32[batch, 3, height, width]"],
        ["output: float32[batch, 4, output_axis_2, output_axis_3]"],
    ),
    "halving": (Halving(), ["image: float32[batch, 3, 8, 8]"], ["output: float32[batch, 3, 8, 8]"]),
    "grouped": (
        nn.Conv1d(4, 4, 3, groups=2),
        ["input: float32[batch, 4, length]"],
        ["output: float32[batch, 4, output_axis_2]"],
    ),
    "lstm": (
        nn.LSTM(5, 6, 2, batch_first=True),
        ["input: float32[batch, sequence, 5]"],
        ["output_0: float32[batch, sequence, 6]", "output_1: float32[2, batch, 6]", "output_2: float32[2, batch, 6]"],
    ),
    "time first": (
        nn.GRU(5, 6),
        ["input: float32[sequence, batch, 5]"],
        ["output_0: float32[sequence, batch, 6]", "output_1: float32[1, batch, 6]"],
    ),
    "sentences": (Sentences(first=True), ["tokens: int64[batch, sequence]"], ["output: float32[batch, 3]"]),
    "sentences, time first inside": (Sentences(first=False), ["tokens: int64[batch, sequence]"], ["output: float32[batch, 3]"]),
    "two inputs": (
        TwoInputs(),
        ["left: float32[batch, 4]", "right: int64[batch, sequence]"],
        ["sum: float32[batch, 3]", "left_output: float32[batch, 3]"],
    ),
    "double": (nn.Linear(3, 2).double(), ["input: float64[batch, 3]"], ["output: float64[batch, 2]"]),
    "bfloat16": (nn.Linear(3, 2).bfloat16(), ["input: bfloat16[batch, 3]"], ["output: bfloat16[batch, 2]"]),
    "weights alone": (Weights(), ["input: float32[batch, 30]"], ["output: float32[batch, 2]"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_inputs_are_found_from_the_layers(name):
    module, inputs, outputs = MODULES[name]
    signature = FRAMEWORK.signature(module.eval())
    assert [str(spec) for spec in signature.inputs] == inputs
    assert [str(spec) for spec in signature.outputs] == outputs


@pytest.mark.parametrize("name", [name for name in MODULES if name not in {"lstm", "time first"}])
def test_a_script_is_understood_as_its_module_is(name):
    module = MODULES[name][0].eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(module)
    assert SCRIPT.recognises(script)
    assert not FRAMEWORK.recognises(script)
    assert SCRIPT.signature(script) == FRAMEWORK.signature(module)


def test_the_width_of_a_traced_recurrent_layer_is_not_taken_for_free():
    """Traced, torch computes something from rows of any width, out of the memory behind its weights."""
    module = nn.LSTM(5, 6, batch_first=True).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        trace = torch.jit.trace(module, torch.zeros(2, 7, 5), check_trace=False)
    assert SCRIPT.signature(trace) == FRAMEWORK.signature(module)


class Shapeless(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, rows):
        if rows.shape[1] != 17:
            raise ValueError("rows of 17 only")
        return self.layer(rows.reshape(-1, 17)[:, :3])


def test_a_module_that_no_guess_fits_asks_for_a_sample():
    with pytest.raises(UsageError, match="does not say what its inputs are") as asked:
        FRAMEWORK.signature(Shapeless())
    assert "--data" in asked.value.hint
    sample = {"column": np.zeros((5, 17))}
    signature = FRAMEWORK.signature(Shapeless(), sample)
    assert [str(spec) for spec in signature.inputs] == ["rows: float32[batch, 17]"]


def test_a_sample_that_does_not_fit_gives_the_modules_own_reason():
    with pytest.raises(UsageError) as refused:
        FRAMEWORK.signature(Shapeless(), {"rows": np.zeros((5, 16))})
    assert "rows of 17 only" in refused.value.why


def test_a_module_with_an_example_of_its_own():
    module = Shapeless()
    module.example_input_array = torch.zeros(1, 17)
    assert [str(spec) for spec in FRAMEWORK.signature(module).inputs] == ["rows: float32[batch, 17]"]


def test_a_sample_may_fill_inputs_that_have_a_default():
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, rows, mask=None, scale=None):
            return self.layer(rows) * (1 if scale is None else scale)

    sample = {"scale": np.full((4, 1), 3.0), "rows": np.ones((4, 3))}
    module = Scaled()
    signature = FRAMEWORK.signature(module, sample)
    assert [spec.name for spec in signature.inputs] == ["rows", "scale"]
    with FRAMEWORK.session(module, signature) as session:
        feed = {name: array.astype(np.float32) for name, array in sample.items()}
        assert np.allclose(session.run(feed)["output"], 3 * module.layer(torch.ones(4, 3)).detach().numpy())


def test_what_cannot_predict_says_so():
    with pytest.raises(NoRouteError, match="no forward"):
        FRAMEWORK.signature(nn.ModuleList([nn.Linear(2, 2)]))


def test_a_forward_of_anything_asks_for_names():
    class Anything(nn.Module):
        def forward(self, *rows):
            return rows[0]

    with pytest.raises(UsageError, match=r"\*args"):
        FRAMEWORK.signature(Anything())


def test_ids_stay_within_the_table():
    module = Sentences(first=True).eval()
    hint = FRAMEWORK.hints(module, FRAMEWORK.signature(module)).columns["tokens"][0]
    assert (hint.low, hint.high, hint.integral) == (0, 49, True)


def test_a_first_batch_norm_tells_means_and_deviations():
    module = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
    module[0].running_mean.copy_(torch.tensor([1.0, 2, 3]))
    module[0].running_var.copy_(torch.tensor([1.0, 4, 9]))
    hints = FRAMEWORK.hints(module, FRAMEWORK.signature(module)).columns["input"]
    assert [(hint.center, hint.spread) for hint in hints] == [(1, 1), (2, 2), (3, 3)]


def collected(framework, module, feed):
    seen = {}
    framework.stages(module, framework.signature(module), feed, lambda name, array: seen.update({name: array}))
    return seen


def test_stages_are_what_the_layers_returned():
    module = MODULES["mlp"][0].eval()
    rows = torch.ones(2, 30)
    seen = collected(FRAMEWORK, module, {"input": rows.numpy()})
    assert list(seen) == ["0", "1", "2"]
    assert np.allclose(seen["1"], module[1](module[0](rows)).detach().numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(module)
    scripted = collected(SCRIPT, script, {"input": rows.numpy()})
    assert list(scripted) == list(seen)
    assert all(np.allclose(scripted[name], seen[name]) for name in seen)


def test_stages_of_a_layer_that_runs_twice_and_one_with_several_outputs():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)
            self.memory = nn.GRU(4, 3, batch_first=True)

        def forward(self, rows):
            return self.memory(self.layer(self.layer(rows))[:, None])[0]

    seen = collected(FRAMEWORK, Twice().eval(), {"rows": np.ones((2, 4), np.float32)})
    assert list(seen) == ["layer", "layer (2)", "memory.output_0", "memory.output_1"]


def test_hooks_are_gone_after_the_stages():
    module = MODULES["mlp"][0].eval()
    collected(FRAMEWORK, module, {"input": np.ones((2, 30), np.float32)})
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())


@pytest.mark.parametrize("scripted", [False, True])
def test_the_double_computes_in_float64_and_leaves_the_module_alone(scripted):
    module = MODULES["mlp"][0].eval()
    framework = FRAMEWORK
    if scripted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            module, framework = torch.jit.script(module), SCRIPT
    signature = framework.signature(module)
    rows = np.random.default_rng(0).standard_normal((4, 30))
    with framework.in_double(module, signature) as double, framework.session(module, signature) as single:
        wide = double.run({"input": rows})["output"]
        assert wide.dtype == np.float64
        assert 0 < np.abs(wide - single.run({"input": rows.astype(np.float32)})["output"]).max() < 1e-5


def test_a_module_that_insists_on_float32_has_no_double():
    class Stubborn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, rows):
            return self.layer(rows.float())

    module = Stubborn().eval()
    assert FRAMEWORK.in_double(module, FRAMEWORK.signature(module)) is None
