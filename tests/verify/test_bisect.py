from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from mlpack.converters import all_converters
from mlpack.core.converter import Conversion
from mlpack.core.framework import Framework
from mlpack.frameworks import all_frameworks
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.bisect import collect, first_difference
from mlpack.verify.fingerprint import Fingerprint, fingerprint
from mlpack.verify.probes import example


class Residual(torch.nn.Module):
    """A small CNN with what makes bisecting hard: a folded BatchNorm, two branches, a functional end."""

    def __init__(self) -> None:
        super().__init__()
        nn = torch.nn
        self.conv, self.norm, self.relu = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()
        self.left, self.right = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 1)
        self.pool, self.hidden, self.gelu = nn.MaxPool2d(2), nn.Linear(128, 32), nn.GELU()
        self.layer_norm, self.last = nn.LayerNorm(32), nn.Linear(32, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        image = self.relu(self.norm(self.conv(image)))
        image = self.pool(self.left(image) + self.right(image))
        return self.last(self.layer_norm(self.gelu(self.hidden(image.flatten(1))))).softmax(-1)


def to_onnx(framework: Framework, model: Any, signature: Signature, feed: Feed) -> onnx.ModelProto:
    (converter,) = [
        edge for edge in all_converters().values() if (edge.source, edge.target) == (framework.name, "onnx")
    ]
    built = converter.variants(Conversion(model, signature, feed))[0].build()
    return built if isinstance(built, onnx.ModelProto) else built.proto()


def stages_of_graph(graph: onnx.ModelProto, feed: Feed) -> list[Fingerprint]:
    framework = all_frameworks()["onnx"]
    signature = framework.signature(graph)
    given = dict(zip([spec.name for spec in signature.inputs], feed.values(), strict=True))
    cast = {spec.name: given[spec.name].astype(spec.dtype) for spec in signature.inputs}
    return collect(framework, graph, signature, cast)


def damaged(graph: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """A copy in which one element of one weight is wrong."""
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    (tensor,) = [tensor for tensor in copy.graph.initializer if tensor.name.endswith(name)]
    values = numpy_helper.to_array(tensor).copy()
    values.reshape(-1)[values.size // 2] += max(float(np.abs(values).max()), 0.1)
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return copy


@pytest.fixture(scope="module")
def network() -> tuple[list[Fingerprint], onnx.ModelProto, Feed]:
    torch.manual_seed(0)
    module = Residual()
    module(torch.randn(64, 1, 8, 8))  # BatchNorm learns its statistics
    framework = all_frameworks()["torch"]
    feed = {"image": np.random.default_rng(0).normal(size=(4, 1, 8, 8)).astype(np.float32)}
    signature = framework.signature(module.eval(), feed)
    stages = collect(framework, module, signature, feed)
    return stages, to_onnx(framework, module, signature, feed), feed


def test_equal_models_agree_whatever_was_fused(network: tuple[list[Fingerprint], onnx.ModelProto, Feed]) -> None:
    stages, graph, feed = network
    parting = first_difference(stages, stages_of_graph(graph, feed), 1e-4)
    assert parting.verdict == "agree"
    assert parting.not_visible in {("conv",), ()}


@pytest.mark.parametrize(
    ("weight", "layer"),
    [
        ("conv.weight", "conv"),
        ("conv.bias", "conv"),
        ("left.weight", "left"),
        ("right.bias", "right"),
        ("hidden.weight", "hidden"),
        ("layer_norm.weight", "layer_norm"),
        ("last.weight", "last"),
        ("last.bias", "last"),
    ],
)
def test_the_damaged_layer_of_a_torch_module_is_named(
    weight: str, layer: str, network: tuple[list[Fingerprint], onnx.ModelProto, Feed]
) -> None:
    stages, graph, feed = network
    parting = first_difference(stages, stages_of_graph(damaged(graph, weight), feed))
    assert (parting.verdict, parting.stage) == ("parted", layer)
    assert parting.nodes
    assert layer in parting.message


def test_a_wrong_end_outside_every_part_is_named(
    network: tuple[list[Fingerprint], onnx.ModelProto, Feed],
) -> None:
    stages, graph, feed = network
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    (softmax,) = [node for node in copy.graph.node if node.op_type == "Softmax"]
    softmax.op_type = "LogSoftmax"
    parting = first_difference(stages, stages_of_graph(copy, feed))
    assert parting.after == "last"
    assert (parting.stage or "").startswith("output")


@pytest.fixture(scope="module")
def pipeline() -> tuple[Pipeline, np.ndarray]:
    features, target = load_breast_cancer(return_X_y=True)
    steps = [("scale", StandardScaler()), ("pca", PCA(8)), ("classify", LogisticRegression(max_iter=1000))]
    return Pipeline(steps).fit(features, target), features[:8]


@pytest.mark.parametrize("step", ["scale", "pca", "classify"])
def test_the_damaged_step_of_a_pipeline_is_named(step: str, pipeline: tuple[Pipeline, np.ndarray]) -> None:
    from copy import deepcopy

    model, rows = pipeline
    framework = all_frameworks()["sklearn"]
    signature = framework.signature(model)
    feed = {signature.inputs[0].name: rows}
    wrong = deepcopy(model)
    weights = {"scale": "mean_", "pca": "components_", "classify": "coef_"}[step]
    values = getattr(wrong.named_steps[step], weights)
    values.flat[3] += float(np.abs(values).max())
    graph = to_onnx(framework, wrong, signature, example(signature, framework.hints(model, signature), None))
    parting = first_difference(collect(framework, model, signature, feed), stages_of_graph(graph, feed))
    assert parting.verdict == "parted"
    expected = {"scale", "pca"} & {step} or {"probabilities", "label"}
    assert parting.stage in expected


def stage(name: str, array: np.ndarray) -> Fingerprint:
    found = fingerprint(name, array)
    assert found is not None
    return found


def names_of(arrays: dict[str, np.ndarray]) -> Sequence[Fingerprint]:
    return [stage(name, array) for name, array in arrays.items()]


RNG = np.random.default_rng(0)
IMAGE, MAPS, FLAT, ANSWER = (RNG.normal(size=shape) for shape in [(2, 8, 8, 3), (2, 4, 4, 6), (2, 96), (2, 10)])


def test_channels_first_and_last_are_the_same_layer() -> None:
    ours = names_of({"rescale": IMAGE, "conv": MAPS, "flatten": FLAT, "dense": ANSWER})
    theirs = names_of(
        {"n0": IMAGE.transpose(0, 3, 1, 2), "n1": MAPS.transpose(0, 3, 1, 2), "n2": FLAT, "n3": ANSWER * 1.1}
    )
    parting = first_difference(ours, theirs)
    assert (parting.stage, parting.after, parting.nodes) == ("dense", "flatten", ("n3",))


def test_a_flatten_in_another_order_is_told() -> None:
    turned = FLAT.reshape(2, 4, 4, 6).transpose(0, 3, 1, 2).reshape(2, 96)
    ours = names_of({"conv": MAPS, "flatten": FLAT, "dense": ANSWER})
    theirs = names_of({"n1": MAPS.transpose(0, 3, 1, 2), "n2": turned, "n3": ANSWER + 1})
    parting = first_difference(ours, theirs)
    assert parting.reordered == ("flatten",)
    assert "another order" in parting.message


def test_a_fused_layer_before_the_parting_is_not_blamed() -> None:
    ours = names_of({"conv": MAPS, "norm": MAPS * 2 + 1, "dense": ANSWER})
    theirs = names_of({"n0": MAPS * 2 + 1, "n1": ANSWER * 2})
    parting = first_difference(ours, theirs)
    assert (parting.stage, parting.not_visible) == ("dense", ("conv",))


def test_small_partings_are_found_with_a_tighter_tolerance() -> None:
    ours = names_of({"a": MAPS, "b": ANSWER})
    assert first_difference(ours, names_of({"n0": MAPS, "n1": ANSWER * (1 + 3e-5)})).stage == "b"
    assert first_difference(ours, names_of({"n0": MAPS, "n1": ANSWER * (1 + 3e-5)}), 1e-4).verdict == "agree"


def test_nothing_to_compare_is_unknown() -> None:
    assert first_difference([], names_of({"n": MAPS})).verdict == "unknown"
    assert first_difference(names_of({"a": np.zeros(4)}), names_of({"n": MAPS})).verdict == "unknown"
    assert first_difference(names_of({"a": MAPS}), []).verdict == "unknown"


def test_it_shows_itself() -> None:
    parting = first_difference(names_of({"a": MAPS, "b": ANSWER}), names_of({"n0": MAPS, "n1": -ANSWER * 3}))
    assert parting.to_json()["stage"] == "b"
    assert parting.to_json()["nodes"] == ["n1"]
    assert len(parting.view()) == 2
