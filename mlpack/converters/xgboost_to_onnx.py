"""XGBoost to ONNX, from the booster's own JSON: float32 thresholds, missing values, categories, DART and linear boosters.

https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html describes the JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpack.core.converter import Conversion, Variant
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.graph.features import write_features
from mlpack.graph.model import OnnxModel
from mlpack.graph.tree_ensemble import Tree, write_trees
from mlpack.graph.writer import GraphWriter
from mlpack.runtime.estimator import LABEL, PROBABILITIES

if TYPE_CHECKING:
    import onnx

_IDENTITY = frozenset(
    {
        "binary:logitraw", "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
        "reg:quantileerror", "reg:expectileerror", "rank:ndcg", "rank:map", "rank:pairwise",
    }
)  # fmt: skip
_SIGMOID = frozenset({"binary:logistic", "reg:logistic"})
_EXPONENTIAL = frozenset({"count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft"})
_SOFTMAX = frozenset({"multi:softprob", "multi:softmax"})
_HINGE = "binary:hinge"


class XGBoostToOnnx:
    """The converter ``xgboost_to_onnx``."""

    name = "xgboost_to_onnx"
    source = "xgboost"
    target = "onnx"
    libraries: tuple[str, ...] = ("xgboost", "onnx")
    extra = "boost"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """One: XGBoost computes in float32, and so does the graph."""
        return (
            Variant(
                "float32",
                "written by mlpack from the booster's JSON, in float32 as XGBoost computes it",
                lambda: OnnxModel(graph=_build(conversion)),
            ),
        )


CONVERTER = XGBoostToOnnx()


def _build(conversion: Conversion) -> onnx.ModelProto:
    model = conversion.model
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    learner = json.loads(booster.save_raw("json"))["learner"]
    graph = GraphWriter(conversion.opset)
    rows = write_features(graph, conversion.signature, "float32")
    missing = getattr(model, "missing", np.nan)
    if missing is not None and not np.isnan(missing):
        is_missing = graph.node("Equal", rows, graph.constant(missing, np.float32))
        rows = graph.node("Where", is_missing, graph.constant(np.nan, np.float32), rows)
    margin = _margin(graph, rows, learner, _last_iteration(model), named=bool(conversion.signature.categories))
    objective = str(learner["objective"]["name"])
    _write_outputs(graph, conversion, _transformed(graph, margin, objective))
    return graph.finish()


def _margin(graph: GraphWriter, rows: str, learner: Mapping[str, Any], last: int | None, *, named: bool) -> str:
    """The raw scores ``[batch, targets]``."""
    booster = learner["gradient_booster"]
    kind = booster["name"]
    parameters = learner["learner_model_param"]
    targets = max(1, int(parameters["num_class"]), int(parameters.get("num_target", 1)))
    start = graph.constant(_start(parameters, str(learner["objective"]["name"]), targets), np.float32)
    if kind == "gblinear":
        return graph.node("Add", _linear(graph, rows, booster["model"], targets), start)
    weights = [float(weight) for weight in booster.get("weight_drop", ())]  # of DART
    held = booster["gbtree"]["model"] if kind == "dart" else booster["model"]
    if any(one["values"] for one in held.get("cats", {}).get("enc", ())) and not named:
        raise _unsupported("its categories are named by a data frame", "encode them as numbers before training")
    count = held["iteration_indptr"][last] if last is not None else len(held["trees"])
    if not count:
        raise _unsupported("it has no trees", "train it for one round or more")
    documents = held["trees"][:count]
    trees = [_tree(document, weights[position] if weights else 1.0) for position, document in enumerate(documents)]
    categorical = {int(feature) for tree in trees for feature in tree.feature[list(tree.members)]}
    total = write_trees(
        graph, _whole(graph, rows, categorical), trees, held["tree_info"][:count], n_targets=targets,
        dtype="float32", comparison="<",
    )  # fmt: skip
    return graph.node("Add", total, start)


def _start(parameters: Mapping[str, Any], objective: str, targets: int) -> NDArray[np.float32]:
    """The score before the first tree: ``base_score``, kept as one number or as a list in text, through the link."""
    held = json.loads(str(parameters["base_score"]))
    scores = np.atleast_1d(np.asarray(held, dtype=np.float32))
    if objective in _SIGMOID:
        scores = -np.log(np.float32(1.0) / scores - np.float32(1.0))
    elif objective in _EXPONENTIAL:
        scores = np.log(scores)
    return np.broadcast_to(scores, (targets,)).reshape(1, -1).astype(np.float32)


def _tree(document: Mapping[str, Any], weight: float) -> Tree:
    if int(document["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise _unsupported("its leaves hold vectors (multi_strategy='multi_output_tree')", "train one tree an output")
    left = np.asarray(document["left_children"], dtype=np.int64)
    right = np.asarray(document["right_children"], dtype=np.int64)
    condition = np.asarray(document["split_conditions"], dtype=np.float32)
    missing_left = np.asarray(document["default_left"]).astype(np.bool_)
    members = _category_sets(document)
    nodes = np.array(list(members), dtype=np.int64)
    # A category that is in the set goes right in XGBoost; what matches goes left in a Tree.
    left[nodes], right[nodes], missing_left[nodes] = right[nodes], left[nodes].copy(), ~missing_left[nodes]
    return Tree(
        feature=np.where(left < 0, -1, np.asarray(document["split_indices"], dtype=np.int64)),
        threshold=condition.astype(np.float64),
        left=left,
        right=right,
        missing_left=missing_left,
        value=(condition * np.float32(weight)).astype(np.float64),
        members=members,
    )


def _category_sets(document: Mapping[str, Any]) -> dict[int, tuple[float, ...]]:
    sets = {}
    held = document.get("categories", [])
    for node, start, size in zip(
        document.get("categories_nodes", []),
        document.get("categories_segments", []),
        document.get("categories_sizes", []),
        strict=True,
    ):
        sets[int(node)] = tuple(float(category) for category in held[start : start + size])
    return sets


def _whole(graph: GraphWriter, rows: str, categorical: set[int]) -> str:
    """Categories are whole numbers to XGBoost: what stands behind the point is cut off."""
    if not categorical:
        return rows
    chosen = np.zeros((1, max(categorical) + 1), dtype=np.bool_)
    chosen[0, sorted(categorical)] = True
    width = graph.node("Shape", rows, start=1, end=2)
    padding = graph.node("Sub", width, graph.constant([chosen.shape[1]], np.int64))
    zeros = graph.node("ConstantOfShape", graph.node("Concat", graph.constant([1], np.int64), padding, axis=0))
    mask = graph.node("Concat", graph.constant(chosen), graph.cast(zeros, "bool"), axis=1)
    return graph.node("Where", mask, graph.node("Floor", rows), rows)


def _linear(graph: GraphWriter, rows: str, model: Mapping[str, Any], targets: int) -> str:
    """Weights by feature and target, then the biases; a missing value adds nothing."""
    weights = np.asarray(model["weights"], dtype=np.float32).reshape(-1, targets)
    present = graph.node("Where", graph.node("IsNaN", rows), graph.constant(0.0, np.float32), rows)
    return graph.node("Add", graph.node("MatMul", present, graph.constant(weights[:-1])), graph.constant(weights[-1:]))


def _last_iteration(model: Any) -> int | None:
    """One past the last round to predict with: an estimator that stopped early predicts with its best."""
    if not hasattr(model, "get_booster"):
        return None
    try:
        return int(model.best_iteration) + 1
    except AttributeError:  # it did not stop early
        return None


def _transformed(graph: GraphWriter, margin: str, objective: str) -> str:
    """The margin through the objective's link: what `Booster.predict` gives."""
    if objective in _IDENTITY:
        return margin
    if objective in _SIGMOID:
        return graph.node("Sigmoid", margin)
    if objective in _EXPONENTIAL:
        return graph.node("Exp", margin)
    if objective in _SOFTMAX:
        return graph.node("Softmax", margin, axis=1)
    if objective == _HINGE:
        return graph.cast(graph.node("Greater", margin, graph.constant(0.0, np.float32)), "float32")
    raise _unsupported(f"its objective {objective} has no ONNX form here", "train it with one that XGBoost names")


def _write_outputs(graph: GraphWriter, conversion: Conversion, scores: str) -> None:
    """Label and probabilities of a classifier, the prediction of anything else."""
    signature = conversion.signature
    two_columns = scores
    if any(spec.name == PROBABILITIES and spec.shape[-1] == 2 for spec in signature.outputs) and _is_binary(conversion):
        negative = graph.node("Sub", graph.constant(1.0, np.float32), scores)
        two_columns = graph.node("Concat", negative, scores, axis=1)
    for spec in signature.outputs:
        if spec.name == LABEL:
            labels = _labels(graph, two_columns, signature.classes.get(LABEL, ()), len(spec.shape))
            graph.output(spec, graph.cast(labels, spec.dtype) if spec.is_numeric else labels)
            continue
        tensor = two_columns if spec.name == PROBABILITIES else scores
        shape = (-1,) if len(spec.shape) == 1 else (-1, int(spec.shape[1]))
        if conversion.signature.outputs[0].name != LABEL and _picks_class(conversion):
            tensor = graph.cast(graph.node("ArgMax", tensor, axis=1), "float32")
        graph.output(replace(spec, dtype="float32"), graph.reshape(tensor, shape))


def _labels(graph: GraphWriter, probabilities: str, classes: Sequence[Any], dims: int) -> str:
    if dims == 2:  # multilabel: each column for itself
        return graph.node("Greater", probabilities, graph.constant(0.5, np.float32))
    index = graph.node("ArgMax", probabilities, axis=1, keepdims=0)
    return graph.node("Gather", graph.constant(np.asarray(classes)), index, axis=0)


def _is_binary(conversion: Conversion) -> bool:
    return len(conversion.signature.classes.get(LABEL, ())) == 2


def _picks_class(conversion: Conversion) -> bool:
    """Whether `Booster.predict` gives the class itself, as ``multi:softmax`` does."""
    if hasattr(conversion.model, "get_booster"):
        return False
    objective = json.loads(conversion.model.save_config())["learner"]["objective"]["name"]
    return bool(objective == "multi:softmax")


def _unsupported(why: str, hint: str) -> UnsupportedOperatorError:
    return UnsupportedOperatorError("this XGBoost model cannot be converted", why=why, hint=hint)
