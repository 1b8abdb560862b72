"""LightGBM to ONNX, from the booster's own text: float64 thresholds, every way to treat missing values, categories.

The decisions are those of ``Tree::NumericalDecision`` and ``Tree::CategoricalDecision`` in LightGBM's include/LightGBM/tree.h.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mlpack.core.converter import Conversion, Variant
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.graph.features import write_features
from mlpack.graph.model import OnnxModel
from mlpack.graph.tree_ensemble import Tree, write_trees
from mlpack.graph.writer import GraphWriter
from mlpack.runtime.estimator import LABEL, PROBABILITIES

if TYPE_CHECKING:
    import onnx

_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_ZERO_BOUND = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold: what is nearer to zero counts as zero, and as missing with ``zero_as_missing``."""

_IDENTITY = frozenset(
    {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg", "custom"}
)
_EXPONENTIAL = frozenset({"poisson", "gamma", "tweedie"})
Missing = Literal["none", "zero", "nan", "category"]
_MISSING: tuple[Missing, ...] = ("none", "zero", "nan")


@dataclass(frozen=True)
class _Ensemble:
    """What the text says: trees whose features are numbers of ``columns``, which say how each treats missing values."""

    trees: tuple[Tree, ...]
    columns: tuple[tuple[int, Missing], ...]
    targets: int
    objective: tuple[str, ...]
    averaged: bool


class LightGBMToOnnx:
    """The converter ``lightgbm_to_onnx``."""

    name = "lightgbm_to_onnx"
    source = "lightgbm"
    target = "onnx"
    libraries: tuple[str, ...] = ("lightgbm", "onnx")
    extra = "boost"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """One: LightGBM compares and sums in float64, and a graph in float32 would differ at its thresholds."""
        return (
            Variant(
                "float64",
                "written by mlpack from the booster's text, in float64 as LightGBM computes it",
                lambda: OnnxModel(graph=_build(conversion)),
            ),
        )


CONVERTER = LightGBMToOnnx()


def _build(conversion: Conversion) -> onnx.ModelProto:
    booster = getattr(conversion.model, "booster_", conversion.model)
    if booster.pandas_categorical and not conversion.signature.categories:
        raise _unsupported("its categories are named by a data frame", "encode them as numbers before training")
    ensemble = _read(booster.model_to_string())
    graph = GraphWriter(conversion.opset)
    rows = write_features(graph, conversion.signature, "float64")
    parts = [graph.node("Gather", rows, graph.constant([feature], np.int64), axis=1) for feature, _ in ensemble.columns]
    columns = [_column(graph, part, missing) for part, (_, missing) in zip(parts, ensemble.columns, strict=True)]
    matrix = graph.node("Concat", *columns, axis=1) if columns else rows
    targets = [position % ensemble.targets for position in range(len(ensemble.trees))]
    raw = write_trees(graph, matrix, ensemble.trees, targets, n_targets=ensemble.targets)
    if ensemble.averaged:
        raw = graph.node("Div", raw, graph.constant(float(len(ensemble.trees) // ensemble.targets)))
    _write_outputs(graph, conversion, _transformed(graph, raw, ensemble.objective))
    return graph.finish()


def _read(text: str) -> _Ensemble:
    head, *sections = text.split("\nend of trees", maxsplit=1)[0].split("\nTree=")
    header = _fields(head)
    if not sections:
        raise _unsupported("it has no trees", "train it for one round or more")
    numbers: dict[tuple[int, Missing], int] = {}
    trees = tuple(_tree(_fields(section), numbers) for section in sections)
    return _Ensemble(
        trees,
        tuple(numbers),
        int(header["num_tree_per_iteration"]),
        tuple(header.get("objective", "custom").split()),
        "average_output" in head.splitlines(),
    )


def _fields(section: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in section.splitlines() if "=" in line)


def _tree(fields: Mapping[str, str], numbers: dict[tuple[int, Missing], int]) -> Tree:
    """One section of the text. Inner nodes keep their numbers, leaf ``i`` becomes node ``inner + i``."""
    if fields.get("is_linear", "0") == "1":
        raise _unsupported("its leaves hold linear models (linear_tree=True)", "train it with linear_tree=False")
    leaf_values = _floats(fields["leaf_value"])
    inner = int(fields["num_leaves"]) - 1
    decisions = _ints(fields.get("decision_type", "")) if inner else []
    thresholds = _floats(fields.get("threshold", "")) if inner else []
    features = [
        numbers.setdefault((feature, _missing_kind(decision)), len(numbers))
        for feature, decision in zip(_ints(fields.get("split_feature", "")) if inner else [], decisions, strict=True)
    ]
    members = {
        node: _category_set(fields, int(thresholds[node])) for node in range(inner) if decisions[node] & _CATEGORICAL
    }
    padding = len(leaf_values)
    # A missing category goes right, whatever the flag says.
    left_when_missing = [bool(one & _DEFAULT_LEFT) and not one & _CATEGORICAL for one in decisions]
    return Tree(
        feature=np.array(features + [-1] * padding, dtype=np.int64),
        threshold=np.array(thresholds + [0.0] * padding),
        left=_children(fields.get("left_child", "") if inner else "", inner, padding),
        right=_children(fields.get("right_child", "") if inner else "", inner, padding),
        missing_left=np.array(left_when_missing + [False] * padding, dtype=np.bool_),
        value=np.array([0.0] * inner + leaf_values),
        members=members,
    )


def _missing_kind(decision: int) -> Missing:
    return "category" if decision & _CATEGORICAL else _MISSING[decision >> _MISSING_SHIFT & 3]


def _children(text: str, inner: int, padding: int) -> Any:
    """Negative numbers are leaves, counted from -1."""
    children = np.array(_ints(text) + [-1] * padding, dtype=np.int64)
    return np.where(children < 0, inner - 1 - children, children)


def _category_set(fields: Mapping[str, str], number: int) -> tuple[float, ...]:
    bounds, words = _ints(fields["cat_boundaries"]), _ints(fields["cat_threshold"])
    chosen = words[bounds[number] : bounds[number + 1]]
    return tuple(float(32 * word + bit) for word, bits in enumerate(chosen) for bit in range(32) if bits >> bit & 1)


def _column(graph: GraphWriter, column: str, missing: Missing) -> str:
    """A feature as its splits see it: what they call missing is NaN, what they do not is a number."""
    # Prediction itself takes what is nearer to zero than a threshold of LightGBM's own for zero (src/c_api.cpp).
    near_zero = graph.node("LessOrEqual", graph.node("Abs", column), graph.constant(_ZERO_BOUND))
    column = graph.node("Where", near_zero, graph.constant(np.nan if missing == "zero" else 0.0), column)
    if missing in {"nan", "zero"}:
        return column
    is_nan = graph.node("IsNaN", column)
    if missing == "none":
        return graph.node("Where", is_nan, graph.constant(0.0), column)
    toward_zero = graph.node("Mul", graph.node("Sign", column), graph.node("Floor", graph.node("Abs", column)))
    return graph.node("Where", is_nan, graph.constant(-1.0), toward_zero)


def _transformed(graph: GraphWriter, raw: str, objective: tuple[str, ...]) -> str:
    """The raw score through the objective's link: what `Booster.predict` gives."""
    name, options = objective[0], dict(part.split(":", 1) for part in objective[1:] if ":" in part)
    if name in _IDENTITY:
        if "sqrt" in objective:
            return graph.node("Mul", graph.node("Sign", raw), graph.node("Mul", raw, raw))
        return raw
    if name in {"binary", "multiclassova", "cross_entropy"}:
        slope = float(options.get("sigmoid", 1.0))
        return graph.node("Sigmoid", raw if slope == 1 else graph.node("Mul", raw, graph.constant(slope)))
    if name == "multiclass":
        return graph.node("Softmax", raw, axis=1)
    if name in _EXPONENTIAL:
        return graph.node("Exp", raw)
    if name == "cross_entropy_lambda":
        return graph.node("Log", graph.node("Add", graph.constant(1.0), graph.node("Exp", raw)))
    raise _unsupported(f"its objective {name} has no ONNX form here", "train it with one that LightGBM names")


def _write_outputs(graph: GraphWriter, conversion: Conversion, scores: str) -> None:
    """Label and probabilities of a classifier, the prediction of anything else."""
    signature = conversion.signature
    classes = signature.classes.get(LABEL, ())
    if signature.outputs[0].name == LABEL and len(classes) == 2:
        scores = graph.node("Concat", graph.node("Sub", graph.constant(1.0), scores), scores, axis=1)
    for spec in signature.outputs:
        if spec.name == LABEL:
            index = graph.node("ArgMax", scores, axis=1, keepdims=0)
            labels = graph.node("Gather", graph.constant(np.asarray(classes)), index, axis=0)
            graph.output(spec, graph.cast(labels, spec.dtype) if spec.is_numeric else labels)
        elif spec.name == PROBABILITIES or len(spec.shape) == 2:
            graph.output(replace(spec, dtype="float64"), graph.reshape(scores, (-1, int(spec.shape[1]))))
        else:
            graph.output(replace(spec, dtype="float64"), graph.reshape(scores, (-1,)))


def _ints(text: str) -> list[int]:
    return [int(word) for word in text.split()]


def _floats(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def _unsupported(why: str, hint: str) -> UnsupportedOperatorError:
    return UnsupportedOperatorError("this LightGBM model cannot be converted", why=why, hint=hint)
