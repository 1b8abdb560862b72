"""The classes and functions of Keras that a model's configuration may name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

CLASSES: dict[str, frozenset[str]] = {
    "keras": frozenset(
        {"Sequential", "Model", "Loss", "Metric", "Layer", "Optimizer", "DTypePolicy", "FloatDTypePolicy"}
    ),
    "keras.utils": frozenset({"FeatureSpace"}),
    **dict.fromkeys(
        (
            *("keras.layers", "keras._legacy.layers", "keras.initializers", "keras.regularizers", "keras.constraints"),
            *(
                "keras.losses",
                "keras._legacy.losses",
                "keras.metrics",
                "keras.optimizers",
                "keras.optimizers.schedules",
            ),
            *(
                "keras.optimizers.legacy",
                "keras.dtype_policies",
                "keras.quantizers",
                "keras.random",
                "keras.distillation",
            ),
        ),
        frozenset[str](),
    ),
}
"""Modules whose classes are listed; an empty set stands for all of them."""

FUNCTIONS = ("keras.activations", "keras.losses", "keras.metrics", "keras.ops", "keras.ops.image", "keras.random")
NO_PART_OF_A_MODEL = frozenset({"serialize", "deserialize", "get"})
RUN_CODE = frozenset({"Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper"})
EARLIER = {
    "keras.src.engine.functional": ["Functional"],
    "keras.src.engine.sequential": ["Sequential"],
    "keras.engine.functional": ["Functional"],
    "keras.engine.sequential": ["Sequential"],
    "keras.models": ["Functional", "Sequential", "Model"],
    "keras.layers": ["CuDNNGRU", "CuDNNLSTM"],
}
"""Where Keras 2 says that models lie, and layers that are gone. Keras 3 does not find most of them, and says so."""


def keras_names() -> tuple[str, dict[str, dict[str, list[str]]]]:
    """The version, and classes and functions by the module that a configuration names."""
    import keras
    from keras.src import api_export

    classes: dict[str, set[str]] = {module: set(names) for module, names in EARLIER.items()}
    functions: dict[str, set[str]] = {}
    for qualified, symbol in api_export.REGISTERED_NAMES_TO_OBJS.items():
        module, _, name = qualified.rpartition(".")
        if name in NO_PART_OF_A_MODEL | RUN_CODE:
            continue
        if inspect.isclass(symbol):
            if module in CLASSES and name in (CLASSES[module] or {name}):
                classes.setdefault(module, set()).add(name)
        elif module in FUNCTIONS:
            functions.setdefault(module, set()).add(name)
    for module, name in _unexported():
        classes.setdefault(module, set()).add(name)
    return keras.__version__, {"classes": _sorted(classes), "functions": _sorted(functions)}


def _unexported() -> Iterator[tuple[str, str]]:
    """Classes that Keras finds by their own module: operations, and layers inside ready-made networks."""
    import keras
    from keras.src import api_export
    from keras.src.saving.keras_saveable import KerasSaveable

    for found in pkgutil.walk_packages(keras.src.__path__, "keras.src."):
        parts = ("keras.src.ops.", "keras.src.applications.", "keras.src.models.")
        if found.name.startswith(parts) and not found.name.endswith("_test"):
            importlib.import_module(found.name)
    pending = [KerasSaveable]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        own = kind.__module__.startswith("keras.src.") and ".backend." not in kind.__module__
        if own and kind is not KerasSaveable and api_export.get_name_from_symbol(kind) is None:
            yield kind.__module__, kind.__name__


def tf_keras_names() -> tuple[str, dict[str, dict[str, list[str]]]]:
    """The same of Keras 2, under the modules that its files name; its HDF5 files hold bare names."""
    import tf_keras

    classes: dict[str, set[str]] = {}
    for module in ("layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers"):
        public = getattr(tf_keras, module)
        names = {name for name, value in vars(public).items() if inspect.isclass(value) and not name.startswith("_")}
        classes[f"keras.{module}"] = names - RUN_CODE
    return f"tf-keras {tf_keras.__version__}", {"classes": _sorted(classes), "functions": {}}


def _sorted(names: dict[str, set[str]]) -> dict[str, list[str]]:
    return {module: sorted(names[module]) for module in sorted(names) if names[module]}
