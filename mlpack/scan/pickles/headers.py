"""The header of a file that is, in the main, a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mlpack.core.model_file import Header
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.scan.keras_archive import read_keras_payload
from mlpack.scan.pickles.boosters import booster_facts
from mlpack.scan.pickles.describe import describe
from mlpack.scan.pickles.reader import Payload
from mlpack.scan.pickles.stream import PickleView
from mlpack.scan.pickles.symbols import Call
from mlpack.scan.pickles.tensors import parameter_count


def header_of(
    format: str,
    view: PickleView,
    path: Path | None,
    *,
    provenance: Mapping[str, str] | None = None,
) -> Header:
    """The header that ``view`` tells. ``path`` is where its payloads lie, None where that is a compressed stream."""
    told = describe(view)
    header = Header(
        format=format,
        framework=told.framework,
        model=told.model,
        versions=told.versions,
        classes=tuple(view.names),
        parameters=parameter_count(view.root) if told.framework == "torch" else None,
        signature=told.signature,
        findings=view.findings,
        provenance=provenance or {},
        notes=told.notes,
    )
    booster = booster_facts(view.root, path)
    if booster.version:
        header = replace(header, versions={**header.versions, "xgboost": booster.version})
    if booster.features is not None and told.framework == "xgboost":
        matrix = TensorSpec("input", "float32", ("batch", booster.features))
        header = replace(header, signature=replace(told.signature or Signature(()), inputs=(matrix,)))
    archive = _keras_archive(view) if told.framework == "keras" else None
    if archive is None or path is None:
        return header
    inner = read_keras_payload(path, archive.offset, archive.length)
    return replace(
        header,
        model=inner.model,
        versions=inner.versions,
        operators=inner.operators,
        parameters=inner.parameters,
        signature=inner.signature,
        findings=(*header.findings, *inner.findings),
        notes=inner.notes,
    )


def _keras_archive(view: PickleView) -> Payload | None:
    """A Keras model is pickled as the bytes of a ``.keras`` archive in a BytesIO."""
    root = view.root
    for argument in root.arguments if isinstance(root, Call) else ():
        parts = [argument, *(argument.arguments if isinstance(argument, Call) else ())]
        if isinstance(argument, Call) and isinstance(argument.state, tuple):
            parts.extend(argument.state)
        for part in parts:
            if isinstance(part, Payload) and part.kind == "bytes":
                return part
    return None
