"""Predictions of an ONNX file, by ONNX Runtime alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .empty_batch import BATCH, is_empty, one_row, without_rows
from .onnx_values import answers_of, array_of, columns_of, ort_value
from .session import Array, ClosingSession, Feed, Outputs
from .signature import Dim, Scalar, Signature, TensorSpec
from .unchanged import Identity, check_unchanged

SIGNATURE_KEY = "mlpack.signature"
"""The entry of an ONNX file's ``metadata_props`` that holds its signature as JSON."""

_DTYPES = {
    "float": "float32",
    "double": "float64",
    "float16": "float16",
    "bfloat16": "bfloat16",
    "string": "string",
    "bool": "bool",
}
_WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"
_SPINNING = "session.intra_op.allow_spinning"
PROVIDERS = "MLPACK_PROVIDERS"
"""Of the environment: what ONNX Runtime computes with, the first choice first, with commas between; else the CPU."""
_QUIET = 4  # fatal only: errors come as exceptions, and are not to be printed as well


def load_onnxruntime() -> Any:
    """The library, with its telemetry off unless the environment says otherwise: a model's name is nobody else's business.

    From 1.29 on its Linux builds report file names and hashes of models over the network by default.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def _providers() -> list[str]:
    named = [one.strip() for one in os.environ.get(PROVIDERS, "").split(",")]
    return [one for one in named if one] or ["CPUExecutionProvider"]


class OnnxRuntimeSession(ClosingSession):
    """An ONNX model, on the CPU unless the environment names other providers.

    ``model`` is a path (external data beside it is found) or a serialised graph, whose external data lies in the folder
    ``weights``. ``threads`` bounds the threads within one operator; None leaves it to ONNX Runtime. ``spinning`` lets idle
    threads of its pool wait awake, which costs others their processors. The signature is the
    caller's, else the one in the file's metadata, else what the graph declares: sequences of maps (``ZipMap``) become
    arrays with one column a class.

    ``judged`` are files that were scanned: ONNX Runtime opens them by their path, and they have to be the same still.
    Raises ChangedFileError where they are not.

    An empty batch never reaches ONNX Runtime, see `mlpack.runtime.empty_batch`.
    """

    def __init__(
        self,
        model: str | Path | bytes,
        signature: Signature | None = None,
        *,
        threads: int | None = None,
        spinning: bool = True,
        weights: Path | None = None,
        judged: Mapping[Path, Identity] | None = None,
    ) -> None:
        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _QUIET
        if threads is not None:
            options.intra_op_num_threads = threads
        if not spinning:
            options.add_session_config_entry(_SPINNING, "0")
        if weights is not None:
            options.add_session_config_entry(_WEIGHTS_FOLDER, str(weights))
        source = model if isinstance(model, bytes) else str(model)
        check_unchanged(judged or {})
        self._session: Any = onnxruntime.InferenceSession(source, options, providers=_providers())
        check_unchanged(judged or {})
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [node.name for node in self._session.get_outputs()]
        self._plain = not any("bfloat16" in node.type for node in self._nodes())
        self._declared = _declared(self._session)
        self.signature = signature or self._noted() or self._probed()
        self._direct = self._plain and self._gives_what_is_declared()
        # Its Python layer takes 3 µs of the 10 that a small model takes. Of what it checks, the layer below leaves out only
        # that there are as many inputs as there should be: see `run`.
        self._ask: Any = getattr(self._session, "_sess", self._session).run
        self._options = onnxruntime.RunOptions()  # without any, each run makes some, which takes another

    def run(self, feed: Feed) -> Outputs:
        """Predict. Raises what ONNX Runtime raises on a wrong name, dtype or width: nothing is cast here."""
        if not all(array.size for array in feed.values()) and is_empty(self._declared.inputs, feed):
            outputs = self._named(self._raw(one_row(self._declared.inputs, feed)))
            return without_rows(outputs, self.signature.outputs)
        if self._direct and len(feed) == len(self._inputs):
            return dict(zip(self._outputs, self._ask(self._outputs, feed, self._options), strict=True))
        return self._named(self._raw(feed))

    def close(self) -> None:
        """Free the graph and its weights."""
        self._session = self._ask = None

    def _gives_what_is_declared(self) -> bool:
        """Whether every output is a tensor under the name that the signature has for it."""
        named = {spec.name for spec in self.signature.outputs} == set(self._outputs)
        return named and all(node.type.startswith("tensor(") for node in self._session.get_outputs())

    def _only_tensors(self) -> bool:
        return all(node.type.startswith("tensor(") for node in self._session.get_outputs())

    def _nodes(self) -> list[Any]:
        return [*self._session.get_inputs(), *self._session.get_outputs()]

    def _raw(self, feed: Feed) -> list[Any]:
        given = {name: np.asarray(array) for name, array in feed.items()}
        if self._plain:
            answers: list[Any] = self._session.run(None, given)
            return answers
        values = {name: ort_value(array) for name, array in given.items()}
        return [array_of(value) for value in self._session.run_with_ort_values(self._outputs, values)]

    def _named(self, answers: list[Any]) -> Outputs:
        found = [leaf for name, answer in zip(self._outputs, answers, strict=True) for leaf in answers_of(name, answer)]
        wanted = [spec.name for spec in self.signature.outputs]
        if len(wanted) == len(found) and {name for name, _ in found} != set(wanted):
            return {name: array for name, (_, array) in zip(wanted, found, strict=True)}
        return dict(found)

    def _noted(self) -> Signature | None:
        """The signature in the metadata, with the dtypes that the graph really has."""
        text = self._session.get_modelmeta().custom_metadata_map.get(SIGNATURE_KEY)
        if not text:
            return None
        noted = Signature.from_json(json.loads(text))
        return replace(
            noted,
            inputs=tuple(_retyped(spec, self._declared.inputs) for spec in noted.inputs),
            outputs=tuple(_retyped(spec, self._declared.outputs) for spec in noted.outputs),
        )

    def _probed(self) -> Signature:
        """The declared signature; what a sequence or map holds is found by running one row."""
        if self._only_tensors():
            return self._declared
        answers = self._raw({spec.name: _zeros(spec) for spec in self._declared.inputs})
        outputs: list[TensorSpec] = []
        classes: dict[str, tuple[Scalar, ...]] = {}
        for spec, answer in zip(self._declared.outputs, answers, strict=True):
            columns = columns_of(answer)
            if columns is not None:
                outputs.append(TensorSpec(spec.name, "float32", (BATCH, len(columns)), "probabilities"))
                classes[spec.name] = columns
            elif isinstance(answer, list):
                outputs += [_spec_of(name, array) for name, array in answers_of(spec.name, answer)]
            else:
                outputs.append(spec)
        return Signature(self._declared.inputs, tuple(outputs), classes=classes)


def _declared(session: Any) -> Signature:
    """What the graph declares, with the first axis of the first input called ``batch`` where no axis is called so."""
    inputs = session.get_inputs()
    dims = {dim for node in inputs for dim in node.shape if isinstance(dim, str)}
    renamed: dict[str, str] = {}
    if BATCH not in dims:
        first = [node.shape[0] for node in inputs if node.shape and isinstance(node.shape[0], str)]
        # tf2onnx gives the same axis another unk__ name at every tensor.
        renamed = dict.fromkeys(first[:1] + [dim for dim in first if dim.startswith("unk__")], BATCH)
    return Signature(
        tuple(_spec(node, renamed, dims) for node in inputs),
        tuple(_spec(node, renamed, dims) for node in session.get_outputs()),
    )


def _spec(node: Any, renamed: dict[str, str], known: set[str]) -> TensorSpec:
    shape: list[Dim] = []
    for axis, dim in enumerate(node.shape):
        if isinstance(dim, int) and dim >= 0:
            shape.append(dim)
        elif isinstance(dim, str) and dim in renamed:
            shape.append(renamed[dim])
        elif isinstance(dim, str) and dim and not (axis == 0 and dim.startswith("unk__") and dim not in known):
            shape.append(dim)
        else:
            shape.append(BATCH if axis == 0 else f"{node.name}_axis_{axis}")
    element = node.type.removeprefix("tensor(").removesuffix(")")
    return TensorSpec(node.name, _DTYPES.get(element, element), tuple(shape))


def _retyped(spec: TensorSpec, declared: tuple[TensorSpec, ...]) -> TensorSpec:
    twin = next((other for other in declared if other.name == spec.name), spec)
    return replace(spec, dtype=twin.dtype)


def _spec_of(name: str, array: Array) -> TensorSpec:
    dtype = "string" if array.dtype.kind in "OU" else array.dtype.name
    return TensorSpec(name, dtype, (BATCH, *array.shape[1:]) if array.ndim else ())


def _zeros(spec: TensorSpec) -> Array:
    shape = [dim if isinstance(dim, int) else 1 for dim in spec.shape]
    return np.full(shape, "", dtype=object) if spec.dtype == "string" else np.zeros(shape, dtype=spec.dtype)
