"""ONNX, with its weights in the file or in one beside it."""

from __future__ import annotations

from pathlib import Path

from mlpack.core.errors import NoRouteError, OutputError
from mlpack.core.model_file import Header
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.formats.onnx.external import copy_model, save_graph
from mlpack.formats.onnx.header import header_of
from mlpack.formats.onnx.metadata import stamp_metadata
from mlpack.graph.model import OnnxModel
from mlpack.scan.onnx_external import external_files
from mlpack.scan.onnx_judge import judge_structure
from mlpack.scan.onnx_wire import begins_like_onnx, read_structure
from mlpack.scan.opened import opened
from mlpack.scan.source import open_source, source_of
from mlpack.scan.trusted import is_vouched


class OnnxFormat:
    """An ONNX model: a protobuf, told by its fields."""

    name = "onnx"
    title = "ONNX"
    suffixes = (".onnx",)
    frameworks = ("onnx",)
    library = "onnx"
    extra = ""

    def sniff(self, path: Path, head: bytes) -> bool:
        """The fields of a ModelProto up to its graph."""
        if not head or head[0] not in _FIRST_TAGS:
            return False
        with open_source(path) as source:
            return begins_like_onnx(source)

    def read_header(self, path: Path) -> Header:
        """Opsets, operators, inputs and outputs, parameters, files beside it. Raises CorruptFileError, UnsafeFileError."""
        with open_source(path) as source:
            return header_of(read_structure(source), path, source.end or 0)

    def load(self, path: Path, trust: Trust = NO_TRUST) -> OnnxModel:
        """The file itself, after it was judged: sessions open it, and see to it that it and its data are the same still.

        Raises CorruptFileError, UnsafeFileError.
        """
        with opened(path) as file:
            source = source_of(file.file, str(path))
            structure = read_structure(source)
            judged = {path.parent / name: identity for name, identity in external_files(structure, path).items()}
            is_vouched(path, judge_structure(structure, source.end or 0), trust, file.content)
            return OnnxModel(path=path, judged={path: file.identity, **judged})

    def save(self, model: OnnxModel, path: Path) -> None:
        """Write the graph, or copy the file with its external data.

        Weights over 1.9 GB go into ``<path>.data``: save under the final name, for the graph refers to that file by it.
        Raises OutputError, NoRouteError for a graph over 2 GB without its weights.
        """
        try:
            if model.path is not None:
                copy_model(model.path, path)
            elif model.graph is not None:
                save_graph(model.graph, path)
            else:
                raise NoRouteError("an OnnxModel without path and graph cannot be saved")
        except OSError as error:
            raise OutputError(f"{path} cannot be written", why=str(error), hint="make room there") from error

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Into the model's ``metadata_props``."""
        stamp_metadata(path, provenance)


# Field numbers 1 to 8 with the wire types that a ModelProto has there: serializers begin with the lowest.
_FIRST_TAGS = frozenset({0x08, 0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42})

FORMAT = OnnxFormat()

__all__ = ["FORMAT", "OnnxFormat"]
