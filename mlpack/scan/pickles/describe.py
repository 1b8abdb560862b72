"""Says what a pickle holds, from its symbols: framework, a readable name, versions, inputs and classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mlpack.runtime.signature import Dim, Scalar, Signature, TensorSpec
from mlpack.scan.pickles.arrays import values_of
from mlpack.scan.pickles.stream import PickleView
from mlpack.scan.pickles.symbols import Call, Name, attributes_of, class_of

FRAMEWORKS: dict[str, str] = {
    "sklearn": "sklearn",
    "imblearn": "sklearn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "keras": "keras",
    "torch": "torch",
}
"""Top-level import packages and the framework that their classes belong to."""

_MAX_SHOWN = 12
_MAX_DEPTH = 4
_NAMED_PARTS = ("steps", "transformers", "transformer_list", "estimators")
_WRAPPED_PARTS = ("best_estimator_", "estimator_", "estimator", "regressor")
_WRAPPERS = frozenset(
    {
        "model_selection",
        "calibration",
        "multiclass",
        "multioutput",
        "feature_selection",
        "semi_supervised",
        "compose",
    }
)
_NOT_NUMERIC = frozenset({"sklearn.compose", "sklearn.feature_extraction", "sklearn.preprocessing._encoders"})


@dataclass(frozen=True)
class Description:
    """The parts of a Header that a pickle tells."""

    framework: str | None
    model: str
    versions: Mapping[str, str] = field(default_factory=dict)
    signature: Signature | None = None
    notes: tuple[str, ...] = ()


def describe(view: PickleView) -> Description:
    """What the outermost object is. A pipeline is scikit-learn's, whatever it holds."""
    root = view.root
    kind = class_of(root)
    if kind is None:
        made = "an object" if isinstance(root, Call) else f"a {type(root).__name__}"
        return Description(None, f"{made}, not a model", notes=_container_notes(root))
    if isinstance(root, Name):
        return Description(None, f"the name {root.qualified}, not an object")
    attributes = attributes_of(root)
    framework = framework_of_class(kind, attributes)
    return Description(
        framework,
        _title(root, 0, {}),
        _versions(root),
        _signature(root) if framework in {"sklearn", "xgboost", "lightgbm"} else None,
    )


def framework_of_class(kind: Name, attributes: Mapping[Any, Any]) -> str | None:
    """The framework of a class by its package, and of a class of the user's own by the state that its parent left."""
    known = FRAMEWORKS.get(kind.module.partition(".")[0])
    if known:
        return known
    if "_sklearn_version" in attributes or "n_features_in_" in attributes:  # set by fit in every estimator with its API
        return "sklearn"
    if "_modules" in attributes and "_parameters" in attributes:
        return "torch"
    return None


def pairs_of(value: Any) -> list[tuple[Any, Any]]:
    """The items of a dict or of an OrderedDict."""
    if isinstance(value, dict):
        return list(value.items())
    return list(value.pairs or ()) if isinstance(value, Call) else []


def _container_notes(root: Any) -> tuple[str, ...]:
    if isinstance(root, dict):
        keys = ", ".join(str(key)[:40] for key in list(root)[:_MAX_SHOWN] if isinstance(key, str | int))
        return (f"its keys: {keys}",) if keys else ()
    if isinstance(root, list | tuple):
        kinds = dict.fromkeys(kind.name for kind in map(class_of, root[:_MAX_SHOWN]) if kind)
        return (f"it holds {', '.join(kinds)}",) if kinds else ()
    return ()


def _title(value: Any, depth: int, known: dict[tuple[str, int, int], str]) -> str:
    """``Pipeline(StandardScaler, SVC)``. ``known`` holds titles by class, state and depth: parts may share a state."""
    if isinstance(value, str):
        return value[:40]
    kind = class_of(value)
    if kind is None:
        return type(value).__name__
    key = (kind.qualified, id(value.state if isinstance(value, Call) else value), depth)
    if key not in known:
        known[key] = _title_of(kind, value, depth, known)
    return known[key]


def _title_of(kind: Name, value: Any, depth: int, known: dict[tuple[str, int, int], str]) -> str:
    own = kind.name.rpartition(".")[2]
    parts = [] if depth >= _MAX_DEPTH else _parts(kind, attributes_of(value))
    if not parts:
        return own
    shown = [_title(part, depth + 1, known) for part in parts[:_MAX_SHOWN]]
    more = [f"and {len(parts) - _MAX_SHOWN} more"] if len(parts) > _MAX_SHOWN else []
    return f"{own}({', '.join(shown + more)})"


def _parts(kind: Name, attributes: Mapping[Any, Any]) -> list[Any]:
    if "_modules" in attributes:
        return [part for _, part in pairs_of(attributes["_modules"]) if isinstance(part, Call)]
    for name in _NAMED_PARTS:
        found = attributes.get(name)
        if isinstance(found, list) and found and all(isinstance(item, tuple) and len(item) > 1 for item in found):
            return [item[1] for item in found]
    path = kind.module.split(".")
    if path[0] == "sklearn" and len(path) > 1 and path[1] in _WRAPPERS:
        return [attributes[name] for name in _WRAPPED_PARTS if isinstance(attributes.get(name), Call)][:1]
    return []


def parts_shown(value: Any) -> Iterable[Any]:
    """The object and the parts that its title shows, the outermost first."""
    pending, seen = [(value, 0)], set()
    while pending:
        part, depth = pending.pop(0)
        kind = class_of(part)
        if kind is None or id(part) in seen or depth > _MAX_DEPTH:
            continue
        seen.add(id(part))
        yield part
        pending.extend((inner, depth + 1) for inner in _parts(kind, attributes_of(part))[:_MAX_SHOWN])


def _versions(root: Any) -> dict[str, str]:
    for part in parts_shown(root):
        version = attributes_of(part).get("_sklearn_version")
        if isinstance(version, str) and len(version) < 40:
            return {"scikit-learn": version}
    return {}


def _signature(root: Any) -> Signature | None:
    """One input matrix where the stream says how many columns it has; class labels where it holds them."""
    first = _at_end_of(root, 0)
    attributes = attributes_of(first)
    count = attributes.get("n_features_in_", attributes.get("_n_features", attributes.get("_n_features_in")))
    if type(count) is not int or not _takes_numbers(first):
        return None
    shape: tuple[Dim, ...] = ("batch", count)
    names = values_of(attributes.get("feature_names_in_")) or ()
    columns = {"input": tuple(map(str, names))} if len(names) == count else {}
    labels = _labels(root)
    if not labels:
        return Signature((TensorSpec("input", "float64", shape),), columns=columns)
    label = TensorSpec("label", _label_dtype(labels), ("batch",), "label")
    return Signature((TensorSpec("input", "float64", shape),), (label,), columns, classes={"label": labels})


def _takes_numbers(first: Any) -> bool:
    kind = class_of(first)
    return kind is not None and not any(kind.module.startswith(prefix) for prefix in _NOT_NUMERIC)


def _at_end_of(value: Any, place: int) -> Any:
    """The first (0) or last (-1) step of pipelines within pipelines, and the best estimator of a search."""
    for _ in range(_MAX_DEPTH):
        attributes = attributes_of(value)
        steps = attributes.get("steps")
        if isinstance(steps, list) and steps and isinstance(steps[place], tuple) and len(steps[place]) == 2:
            value = steps[place][1]
        elif isinstance(attributes.get("best_estimator_"), Call):
            value = attributes["best_estimator_"]
        else:
            break
    return value


def _labels(root: Any) -> tuple[Scalar, ...]:
    attributes = attributes_of(_at_end_of(root, -1))
    found = values_of(attributes.get("classes_", attributes.get("_classes")))
    return found if found and all(isinstance(label, str | int | float | bool) for label in found) else ()


def _label_dtype(labels: tuple[Scalar, ...]) -> str:
    kinds: dict[type, str] = {bool: "bool", int: "int64", float: "float64"}
    found = {type(label) for label in labels}
    return kinds.get(found.pop(), "string") if len(found) == 1 else "string"
