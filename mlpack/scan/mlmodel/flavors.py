"""Which file of an MLflow folder is the model, by the flavors that its MLmodel lists.

https://mlflow.org/docs/latest/ml/model/#storage-format
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, NoRouteError
from mlpack.scan.mlmodel.inside import inside
from mlpack.scan.rules import mlflow

PYTHON_FUNCTION = "python_function"
Flavors = Mapping[str, Mapping[str, Any]]

_BOOSTER_ENDINGS = frozenset({".ubj", ".xgb", ".json", ".txt", ".lgb", ".bst", ".model"})
_KERAS = ("model.keras", "model.h5")
_TORCH = ("model.pth", "model.pt")


def model_of(folder: Path, flavors: Flavors) -> tuple[str, Path]:
    """The flavor that mlpack reads, and its file. Raises NoRouteError, UnsafeFileError, CorruptFileError."""
    _refuse_code(folder, flavors)
    for name, locate in _READ.items():
        if name in flavors:
            return name, locate(folder, flavors[name])
    raise _unread(folder, flavors)


def _refuse_code(folder: Path, flavors: Flavors) -> None:
    """MLflow puts ``code`` on the path before it loads, and imports the ``loader_module``: either may be anything."""
    for name, flavor in flavors.items():
        if flavor.get("code") is not None:
            raise mlflow.CODE.error(str(folder), f"its flavor {name} brings code in {flavor['code']!r}")
    loader = flavors.get(PYTHON_FUNCTION, {}).get("loader_module", "mlflow")
    if not isinstance(loader, str) or loader.partition(".")[0] != "mlflow":
        raise mlflow.CODE.error(str(folder), f"it is loaded by a module of its own, {loader!r}")


def _sklearn(folder: Path, flavor: Mapping[str, Any]) -> Path:
    path = inside(folder, flavor.get("pickled_model"), "pickled model")
    if flavor.get("serialization_format") == "skops" or path.suffix == ".skops":
        raise NoRouteError(
            f"{folder} holds a scikit-learn model in skops",
            why="mlpack reads pickle, cloudpickle and joblib, which it scans before it loads them",
            hint='save it once more: mlflow.sklearn.save_model(model, path, serialization_format="cloudpickle")',
        )
    return _file(path, folder)


def _onnx(folder: Path, flavor: Mapping[str, Any]) -> Path:
    return _file(inside(folder, flavor.get("data"), "model"), folder)


def _booster(library: str) -> Callable[[Path, Mapping[str, Any]], Path]:
    def locate(folder: Path, flavor: Mapping[str, Any]) -> Path:
        path = inside(folder, flavor.get("data"), "model")
        if path.suffix.lower() not in _BOOSTER_ENDINGS:
            return _file(path, folder)
        load = f"mlflow.{library}.load_model({str(folder)!r})"
        code = f"import joblib, mlflow; joblib.dump({load}, 'model.joblib')"
        raise NoRouteError(
            f"{folder} holds a model in the own format of {library}, {path.name}",
            why=f"mlpack reads the estimators of {library} from pickle and joblib",
            hint=f"where MLflow is installed: python -c {shlex.quote(code)}",
        )

    return locate


def _in_data(key: str, names: tuple[str, ...]) -> Callable[[Path, Mapping[str, Any]], Path]:
    def locate(folder: Path, flavor: Mapping[str, Any]) -> Path:
        place = inside(folder, flavor.get(key, "data"), "model data")
        if not place.is_dir():
            return place
        data = place.relative_to(folder).as_posix()
        for name in names:
            if (place / name).exists() or (place / name).is_symlink():
                return _file(inside(folder, f"{data}/{name}", "model"), folder)
        raise NoRouteError(
            f"{folder} has no {' or '.join(names)} in {data}/",
            why="a TensorFlow SavedModel, an exported program or a custom layout is not what mlpack reads",
            hint="save a Keras model as .keras, a torch model as TorchScript: torch.jit.script(model)",
        )

    return locate


def _file(path: Path, folder: Path) -> Path:
    if not path.is_file():
        raise CorruptFileError(f"the model of {folder}, {path.name}, is no file", hint="save the model again")
    return path


_READ: Mapping[str, Callable[[Path, Mapping[str, Any]], Path]] = {
    "onnx": _onnx,
    "sklearn": _sklearn,
    "keras": _in_data("data", _KERAS),
    "tensorflow": _in_data("data", _KERAS),
    "pytorch": _in_data("model_data", _TORCH),
    "xgboost": _booster("xgboost"),
    "lightgbm": _booster("lightgbm"),
}
"""The flavors that mlpack reads, and where each keeps its model."""


def _unread(folder: Path, flavors: Flavors) -> NoRouteError:
    own = [name for name in flavors if name != PYTHON_FUNCTION]
    if own:
        return NoRouteError(
            f"{folder} holds a model of the flavor {', '.join(own)}",
            why=f"mlpack reads {', '.join(_READ)}",
            hint="save the model with one of these, or as ONNX: mlflow.onnx.save_model",
        )
    return NoRouteError(
        f"{folder} holds a Python function of its own",
        why="there is no model in it that a library knows: what it answers is whatever its code does",
        hint="save the model that the function calls, by the flavor of its library",
    )
