"""Bundles whose model is a small graph that was written here, and trees that were exported of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clients.environments import python_of
from onnx import TensorProto, helper
from scaffold.cases import bundle_of

from mlpack.runtime.manifest import Manifest
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.scaffold.folder import Files, write_project

HERE = Path(__file__).parent
ELEMENTS = {
    "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "int64": TensorProto.INT64, "bool": TensorProto.BOOL,
    "string": TensorProto.STRING, "uint8": TensorProto.UINT8, "bfloat16": TensorProto.BFLOAT16,
}  # fmt: skip


def identity(specs: Sequence[tuple[str, str, tuple[int | str, ...]]], folder: Path, name: str = "model") -> Manifest:
    """A bundle of the graph that gives each of its inputs again, as ``out NAME``."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Identity", [one], [f"out {one}"]) for one, _, _ in specs],
        "g",
        [value(one, ELEMENTS[dtype], shape) for one, dtype, shape in specs],
        [value(f"out {one}", ELEMENTS[dtype], shape) for one, dtype, shape in specs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    signature = Signature(
        tuple(TensorSpec(one, dtype, shape) for one, dtype, shape in specs),
        tuple(TensorSpec(f"out {one}", dtype, shape) for one, dtype, shape in specs),
    )
    return bundle_of(signature, folder, name, model=model.SerializeToString())


def configs(*paths: Path) -> list[dict[str, Any]]:
    """Each config.pbtxt as Triton's own protobuf message reads it. Raises CalledProcessError for one that it does not."""
    command = [str(python_of("triton")), str(HERE / "read_config.py")]
    lines = "".join(f"{path}\n" for path in paths)
    ended = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def written(files: Files, folder: Path) -> Path:
    """``folder`` with ``files`` in it."""
    write_project(files, folder)
    return folder
