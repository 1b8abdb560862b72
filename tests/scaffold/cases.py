"""Signatures of every layout, bundles that hold them, and rendered modules, for the tests of what is rendered."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
from hypothesis import strategies as st

import mlpack.runtime.rest.choices
from mlpack.bundle.archive import write_arrays
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.manifest import Manifest, read_manifest
from mlpack.runtime.signature import Signature, TensorSpec

TABLE = Signature(
    (
        TensorSpec("numbers", "float64", ("batch", 2)),
        TensorSpec("sex", "string", ("batch", 1)),
        TensorSpec("port", "string", ("batch", 1)),
        TensorSpec("class", "int64", ("batch",)),
        TensorSpec("member", "bool", ("batch",)),
        TensorSpec("grade", "float32", ("batch", 1)),
    ),
    (
        TensorSpec("label", "string", ("batch",), "label"),
        TensorSpec("probabilities", "float32", ("batch", 2), "probabilities"),
    ),
    columns={"numbers": ("age (years)", "fare")},
    categories={"sex": ("female", "male"), "port": ("C", "S"), "class": (1, 2, 3), "grade": (0.5, 1.0)},
    classes={"label": ("died", "not so"), "probabilities": ("died", "not so")},
    missing=("fare", "port"),
    closed=("sex", "class", "grade"),
    ranges={"age (years)": (0, 120)},
)
LIST = Signature(
    (TensorSpec("input", "float32", ("batch", 3)),),
    (TensorSpec("label", "int64", ("batch",), "label"), TensorSpec("decision", "float64", ("batch",), "decision")),
    classes={"label": (0, 1)},
)
VALUE = Signature((TensorSpec("text", "string", ("batch",)),), (TensorSpec("vector", "float32", ("batch", 4)),))
IMAGE = Signature(
    (TensorSpec("image", "uint8", ("batch", 28, 28, 1)),),
    (TensorSpec("scores", "float32", ("batch", 10), "probabilities"),),
    classes={"scores": tuple(range(10))},
)
SEVERAL = Signature(
    (TensorSpec("ids", "int32", ("batch", "time")), TensorSpec("mask", "bool", ("batch", "time"))),
    (TensorSpec("hidden state", "float16", ("batch", "time", 8)), TensorSpec("pooled", "float64", ("batch",))),
    ranges={"ids": (0, 29_999)},
)
ALL = {"table": TABLE, "list": LIST, "value": VALUE, "image": IMAGE, "several": SEVERAL}

HOSTILE = [
    *("", " ", "class", "model_config", "__class__", "_private", "json", "validate", "Field", "Float32", "float", "Any"),
    *('"; import os; os.system("true") #', "'''", '"""', "\\", "a\\", "new\nline", "a\tb", "\x00", "\u2028", "\u202e"),
    *("{{ x }}", "{% x %}", "größe", "GRÖSSE", "年齢", "ﬁ", "x y", "x_y", "x-y", "X Y", "x" * 300, "0", "1st", "`rm -rf`"),
    *("$(id)", "</script>", "🙂", "id", "None", "Instance"),
]  # fmt: skip
names = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12))
numbers = st.floats(allow_nan=False, allow_infinity=False, width=16)
DTYPES = ("float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint64", "bool", "string")


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    """Any signature: columns with any names, categories, bounds; lists; tensors; several outputs."""
    kind = draw(st.sampled_from(["records", "records", "several", "list", "tensors", "value"]))
    inputs, columns = _inputs(draw, kind)
    fields = [name for spec in inputs for name in columns.get(spec.name, (spec.name,))]
    dtypes = {name: spec.dtype for spec in inputs for name in columns.get(spec.name, (spec.name,))}
    categories = {
        name: tuple(draw(st.lists(_values(dtypes[name]), min_size=1, max_size=4, unique=True)))
        for name in draw(st.lists(st.sampled_from(fields), unique=True, max_size=3))
    }
    chosen = st.lists(st.sampled_from(fields), unique=True, max_size=3)
    classes = tuple(draw(st.lists(names, min_size=2, max_size=4, unique=True)))
    return Signature(
        tuple(inputs),
        draw(st.sampled_from([_classifier(classes), *(one.outputs for one in ALL.values())])),
        columns=columns,
        categories=categories,
        classes={"label": classes, "probabilities": classes},
        missing=tuple(draw(chosen)),
        closed=tuple(name for name in draw(chosen) if name in categories),
        ranges={name: _range(draw, dtypes[name]) for name in draw(chosen)},
    )


def _range(draw: st.DrawFn, dtype: str) -> tuple[float, float]:
    bound = numbers if "float" in dtype else st.integers(0, 100)
    low, high = sorted(draw(st.tuples(bound, bound)))
    return low, high


def _classifier(classes: tuple[str, ...]) -> tuple[TensorSpec, ...]:
    return (
        TensorSpec("label", "string", ("batch",), "label"),
        TensorSpec("probabilities", "float32", ("batch", len(classes)), "probabilities"),
    )


def _inputs(draw: st.DrawFn, kind: str) -> tuple[list[TensorSpec], dict[str, tuple[str, ...]]]:
    dtype = st.sampled_from(DTYPES)
    if kind == "value":
        return [TensorSpec(draw(names), draw(dtype), ("batch",))], {}
    if kind == "tensors":
        shape = draw(st.lists(st.one_of(st.integers(1, 3), st.sampled_from(["time", "width"])), min_size=2, max_size=3))
        several = draw(st.lists(names, min_size=1, max_size=2, unique=True))
        return [TensorSpec(name, draw(dtype), ("batch", *shape)) for name in several], {}
    if kind == "several":
        wanted = draw(st.lists(names, min_size=2, max_size=5, unique=True))
        return [TensorSpec(name, draw(dtype), draw(st.sampled_from([("batch",), ("batch", 1)]))) for name in wanted], {}
    width = draw(st.integers(1, 5))
    spec = TensorSpec("input", draw(dtype), ("batch", width))
    if kind == "list":
        return [spec], {}
    wanted = tuple(draw(st.lists(names, min_size=width, max_size=width)))
    return [spec], {"input": wanted}


def _values(dtype: str) -> st.SearchStrategy[object]:
    if dtype == "string":
        return names
    if dtype == "bool":
        return st.booleans()
    return numbers if "float" in dtype else st.integers(0, 100)


def schema_module(source: str, folder: Path) -> ModuleType:
    """The rendered ``schema.py`` as a module, beside an ``example.json``."""
    sys.modules.setdefault("runtime", mlpack.runtime)
    sys.modules.setdefault("runtime.rest", mlpack.runtime.rest)
    sys.modules.setdefault("runtime.rest.choices", mlpack.runtime.rest.choices)
    (folder / "example.json").write_text('{"instances": []}')
    path = folder / "schema.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("schema", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bundle_of(
    signature: Signature, folder: Path, name: str = "model", rows: int = 3, model: bytes = b"no model"
) -> Manifest:
    """A bundle with golden rows that ``signature`` takes; its model is a file that nothing opens, unless it is given."""
    import hashlib

    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    arrays = {f"input/{spec.name}": _array(spec, signature, rows, rng) for spec in signature.inputs}
    arrays |= {f"output/{spec.name}": _array(spec, signature, rows, rng) for spec in signature.outputs}
    write_arrays(folder / "golden.npz", arrays)
    (folder / "model.onnx").write_bytes(model)
    (folder / "parity.json").write_text('{"tolerance": {}}')
    files = [
        {"path": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size}
        for path in sorted(folder.iterdir())
    ]
    described = {"file": "model.onnx", "format": "onnx", "sha256": files[1]["sha256"], "opset": None}
    document = {
        "format_version": 1, "name": name, "version": "1", "model": described, "signature": signature.to_json(), "files": files,
        "source": {"file": None, "sha256": None, "format": "object", "framework": "onnx", "versions": {}},
        "route": {"frameworks": ["onnx"], "variant": "", "versions": {}},
        "parity": {"verdict": "PASS", "max_abs_error": 0.0, "label_agreement": None, "rows": 1, "probes": []},
        "requirements": [f"numpy=={np.__version__}"],
    }  # fmt: skip
    (folder / "mlpack.json").write_text(json.dumps(document))
    return read_manifest(folder)


def _array(spec: TensorSpec, signature: Signature, rows: int, rng: np.random.Generator) -> np.ndarray:
    fields = [field for field in Rows(signature).fields if field.spec_name == spec.name]
    shape = [rows if dim == "batch" else dim if isinstance(dim, int) else 2 for dim in spec.shape]
    dtype = str if spec.dtype == "string" else spec.dtype
    if spec.role == "label":
        return np.array(signature.classes[spec.name])[rng.integers(0, 2, shape)]
    if not fields:
        return np.array(rng.integers(0, 2, shape), dtype=dtype)
    columns = [
        rng.choice(np.array(field.categories, dtype=dtype), shape[:1]) if field.closed else
        np.full(shape[:1], min(max(0, field.low or 0), np.inf if field.high is None else field.high)).astype(dtype)
        for field in fields
    ]  # fmt: skip
    if len(fields) == 1:
        return np.broadcast_to(columns[0].reshape(-1, *[1] * (len(shape) - 1)), shape).copy()
    return np.stack(columns, axis=1)
