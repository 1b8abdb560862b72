"""What a Keras model's configuration says: layers, inputs and outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlpack.core.errors import CorruptFileError
from mlpack.runtime.signature import Dim, Signature, TensorSpec

_SAME_SHAPE = frozenset(
    {
        "Activation",
        "Softmax",
        "ReLU",
        "LeakyReLU",
        "ELU",
        "Dropout",
        "BatchNormalization",
        "LayerNormalization",
        "Rescaling",
    }
)
_MAX_PARTS = 1_000_000


@dataclass(frozen=True)
class KerasModel:
    """The parts of a Header that a configuration tells."""

    model: str
    operators: Mapping[str, int]
    signature: Signature | None


def read_config(document: Any, name: str) -> KerasModel:
    """Describe the configuration of a whole model. Raises CorruptFileError for what is none."""
    if not isinstance(document, dict) or not isinstance(document.get("class_name"), str):
        raise CorruptFileError(
            f"{name} holds no Keras model",
            why="its configuration names no class",
            hint="save it again: model.save(...)",
        )
    layers = list(_layers(document))
    kinds = Counter(str(layer.get("class_name")) for layer in layers)
    return KerasModel(
        model=document["class_name"],
        operators=dict(kinds),
        signature=_signature(document),
    )


def _parts(document: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary in the configuration."""
    pending, count = [document], 0
    while pending:
        part = pending.pop()
        count += 1
        if count > _MAX_PARTS:
            raise CorruptFileError("a Keras configuration without end", why=f"it has over {_MAX_PARTS:,} parts")
        if isinstance(part, dict):
            yield part
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)


def _layers(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The layers, and those of models and wrappers inside."""
    for part in _parts(document):
        for key in ("layers", "layer"):
            found = part.get(key)
            for layer in found if isinstance(found, list) else [found]:
                if isinstance(layer, dict) and isinstance(layer.get("class_name"), str):
                    yield layer


def _signature(document: dict[str, Any]) -> Signature | None:
    config = document.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config if isinstance(config, list) else None
    if not isinstance(layers, list):
        return None
    by_name = {_name(layer): layer for layer in layers if isinstance(layer, dict)}
    inputs = _inputs(config, layers, by_name)
    if not inputs:
        return None
    sequence = layers if not isinstance(config, dict) or "output_layers" not in config else []
    outputs = [_output(by_name[name], sequence) for name in _ends(config, "output_layers", layers) if name in by_name]
    return Signature(inputs, tuple(spec for spec in outputs if spec) if all(outputs) else ())


def _inputs(config: Any, layers: list[Any], by_name: Mapping[str, dict[str, Any]]) -> tuple[TensorSpec, ...]:
    names = _ends(config, "input_layers", layers[:1])
    specs = [_input(by_name[name]) for name in names if name in by_name]
    return tuple(spec for spec in specs if spec) if all(specs) else ()


def _ends(config: Any, key: str, layers: Sequence[Any]) -> list[str]:
    """Names of the layers at the ends: ``[["a", 0, 0]]``, ``["a", 0, 0]``, or the first and last of a Sequential."""
    found = config.get(key) if isinstance(config, dict) else None
    if found is None:
        return [_name(layers[-1])] if layers and isinstance(layers[-1], dict) else []
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list) and found and isinstance(found[0], str):
        return [found[0]]
    ends = found if isinstance(found, list) else []
    named = (end[0] for end in ends if isinstance(end, list) and end and isinstance(end[0], str))
    return list(dict.fromkeys(named))


def _name(layer: dict[str, Any]) -> str:
    config = layer.get("config")
    return str(layer.get("name") or (config.get("name", "") if isinstance(config, dict) else ""))


def _input(layer: dict[str, Any]) -> TensorSpec | None:
    config = layer.get("config")
    if not isinstance(config, dict):
        return None
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    built = layer.get("build_config")
    if shape is None and isinstance(built, dict):
        shape = built.get("input_shape")
    dims = _dims(shape)
    return TensorSpec(_name(layer) or "input", _dtype(config.get("dtype")), dims) if dims else None


def _output(layer: dict[str, Any], sequence: Sequence[Any]) -> TensorSpec | None:
    """The output of a layer whose shape follows from its configuration; None where that takes running Keras.

    ``sequence`` are the layers that end with it where the model is a Sequential.
    """
    config, kind = layer.get("config"), str(layer.get("class_name"))
    if not isinstance(config, dict):
        return None
    dims = _input_dims(layer)
    if dims is None and kind == "Dense" and _ends_flat(sequence[:-1]):
        dims = ("batch", 0)  # the second size is replaced by the layer's own
    if dims is None:
        return None
    if kind == "Dense" and type(config.get("units")) is int:
        dims = (*dims[:-1], config["units"])
    elif kind in {"LSTM", "GRU", "SimpleRNN"} and type(config.get("units")) is int:
        dims = (*dims[:-1], config["units"]) if config.get("return_sequences") else (dims[0], config["units"])
    elif kind not in _SAME_SHAPE:
        return None
    return TensorSpec(_name(layer), _dtype(config.get("dtype")), dims)


def _input_dims(layer: dict[str, Any]) -> tuple[Dim, ...] | None:
    """What a layer was built for, or the shape of the one tensor that it takes: HDF5 files hold only the latter."""
    built = layer.get("build_config")
    if isinstance(built, dict):
        return _dims(built.get("input_shape"))
    tensors = [
        part["config"].get("shape")
        for part in _parts(layer.get("inbound_nodes"))
        if part.get("class_name") == "__keras_tensor__" and isinstance(part.get("config"), dict)
    ]
    return _dims(tensors[0]) if len(tensors) == 1 else None


def _ends_flat(layers: Sequence[Any]) -> bool:
    """Whether the layers certainly end in a matrix: through layers that keep the rank, back to one that makes one."""
    for layer in reversed(layers):
        config = layer.get("config") if isinstance(layer, dict) else None
        kind = layer.get("class_name") if isinstance(layer, dict) else None
        if not isinstance(config, dict) or not isinstance(kind, str):
            return False
        if kind == "Flatten" or kind.startswith(("GlobalAveragePooling", "GlobalMaxPooling")):
            return not config.get("keepdims")
        if kind == "InputLayer":
            dims = _dims(config.get("batch_shape", config.get("batch_input_shape")))
            return dims is not None and len(dims) == 2
        if kind not in {*_SAME_SHAPE, "Dense"}:
            return False
    return False


def _dims(shape: Any) -> tuple[Dim, ...] | None:
    if not isinstance(shape, list) or not shape or not all(size is None or type(size) is int for size in shape):
        return None
    return tuple(("batch" if axis == 0 else f"dim_{axis}") if size is None else size for axis, size in enumerate(shape))


def _dtype(dtype: Any) -> str:
    """A name, or a policy: ``{"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}``."""
    if isinstance(dtype, dict):
        settings = dtype.get("config")
        dtype = settings.get("name") if isinstance(settings, dict) else None
    return dtype if isinstance(dtype, str) and not dtype.startswith("mixed_") else "float32"
