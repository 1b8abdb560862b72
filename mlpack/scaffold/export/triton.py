"""A model repository of Triton: ``NAME/config.pbtxt`` and ``NAME/1/`` with the model.

https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_configuration.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpack.formats import format_named
from mlpack.runtime.manifest import Manifest
from mlpack.scaffold.export.pbtxt import Value, Word, pbtxt
from mlpack.scaffold.export.refusals import unfit
from mlpack.scaffold.export.tensors import Tensor, Tensors, tensors_of
from mlpack.scaffold.folder import Files

MOST_ROWS = 1024
"""In one request, and in what Triton joins of several: what `mlpack serve` takes, too."""

_PLATFORMS = {
    "onnx": ("onnxruntime", "onnxruntime_onnx", "model.onnx"),
    "torchscript": ("pytorch", "pytorch_libtorch", "model.pt"),
}
"""Backend, platform and the name of the file, by the format of the model."""

_LABELS = "labels.txt"


@dataclass(frozen=True)
class Repository:
    """The files of a model repository by their path in it.

    ``inputs`` and ``outputs`` are what the tensors are called there, by the names in the file. ``flat`` are the inputs and
    outputs of one value a row, under the names that they have there: clients see them with one column.
    """

    files: Files
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    flat: tuple[str, ...]


def repository_of(manifest: Manifest, server: str = "triton") -> Repository:
    """The repository with the model of a bundle. Raises NoRouteError for a model that Triton has no backend for."""
    if manifest.model_format not in _PLATFORMS:
        raise unfit(manifest, server, "Triton's backends read ONNX and TorchScript, and load no Python objects")
    tensors = tensors_of(manifest)
    numbered = manifest.model_format == "torchscript"
    inputs, outputs = _names(tensors.inputs, numbered=numbered), _names(tensors.outputs, numbered=numbered)
    labels = labels_of(manifest)
    config = pbtxt(_config(manifest, tensors, (inputs, outputs), labels))
    files: dict[str, bytes | Path] = {f"{manifest.name}/config.pbtxt": config.encode(), **_model(manifest)}
    if labels:
        files[f"{manifest.name}/{_LABELS}"] = "".join(f"{label}\n" for label in labels[1]).encode()
    pairs = [*((one, inputs) for one in tensors.inputs), *((one, outputs) for one in tensors.outputs)]
    flat = tuple(names[one.name] for one, names in pairs if tensors.batched and len(one.shape) == 1)
    return Repository(files, inputs, outputs, flat)


def labels_of(manifest: Manifest) -> tuple[str, tuple[str, ...]] | None:
    """The output that has a column a class, and the classes; None where there is none, or where a class is no line."""
    for spec in manifest.signature.outputs:
        labels = tuple(map(str, manifest.signature.classes.get(spec.name, ())))
        if spec.role == "probabilities" and labels and all(label and label.isprintable() for label in labels):
            return spec.name, labels
    return None


def _config(
    manifest: Manifest,
    tensors: Tensors,
    names: tuple[Mapping[str, str], Mapping[str, str]],
    labels: tuple[str, tuple[str, ...]] | None,
) -> dict[str, Value]:
    backend, platform, file = _PLATFORMS[manifest.model_format]

    def described(one: Tensor, served: Mapping[str, str]) -> Mapping[str, Value]:
        return {"name": served[one.name], "data_type": _data_type(one), **_dims(one, batched=tensors.batched)}

    def labelled(one: Tensor) -> Mapping[str, Value]:
        return {"label_filename": _LABELS} if labels and one.name == labels[0] else {}

    return {
        "name": manifest.name,
        "backend": backend,
        "platform": platform,
        "default_model_filename": file,
        "max_batch_size": MOST_ROWS if tensors.batched else 0,
        "input": [described(one, names[0]) for one in tensors.inputs],
        "output": [{**described(one, names[1]), **labelled(one)} for one in tensors.outputs],
        **({"dynamic_batching": {}} if tensors.batched else {}),
    }


def _data_type(one: Tensor) -> Word:
    return Word("TYPE_STRING" if one.datatype == "BYTES" else f"TYPE_{one.datatype}")


def _dims(one: Tensor, *, batched: bool) -> Mapping[str, Value]:
    """Without the batch axis. A tensor of nothing but that has one column for clients, which the model does not see."""
    sizes = one.sizes[1:] if batched else one.sizes
    if sizes:
        return {"dims": sizes}
    empty: list[int] = []
    return {"dims": [1], "reshape": {"shape": empty}} if batched else {"dims": [1]}


def _names(ones: Sequence[Tensor], *, numbered: bool) -> dict[str, str]:
    """What Triton calls tensors. ``numbered`` names say the place, ``image__0``: by that libtorch's backend tells them."""
    if not numbered:
        return {one.name: one.name for one in ones}
    return {one.name: f"{_stem(one.name)}__{place}" for place, one in enumerate(ones)}


def _stem(name: str) -> str:
    """``name`` without what the backend would take for the end of it: two underscores in a row."""
    return "_".join(part for part in name.split("_") if part) or "tensor"


def _model(manifest: Manifest) -> dict[str, Path]:
    """The model, and its weights where they lie beside it: the graph refers to them by their name."""
    version = f"{manifest.name}/1"
    beside = format_named(manifest.model_format).read_header(manifest.model_path).external_files
    model = {f"{version}/{_PLATFORMS[manifest.model_format][2]}": manifest.model_path}
    return {**model, **{f"{version}/{name}": manifest.folder / name for name in beside}}
