"""The shape of the source: small modules, small functions, tests that mirror it, nothing heavy at start."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    [*(ROOT / "mlpack").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "scripts").rglob("*.py")]
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES = 400
MOST_FUNCTION_LINES = 60
HEAVY = {
    "docker",
    "grpc",
    "h5py",
    "jinja2",
    "joblib",
    "keras",
    "lightgbm",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxscript",
}
HEAVY |= {
    "cryptography",
    "model_signing",
    "pandas",
    "pyarrow",
    "scipy",
    "skl2onnx",
    "sklearn",
    "tensorflow",
    "tf2onnx",
    "torch",
    "xgboost",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def long_functions(path: Path) -> dict[str, int]:
    found = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    sizes = {f"{name_of(path)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1 for node in found}
    return {name: size for name, size in sizes.items() if size >= MOST_FUNCTION_LINES}


def test_a_module_has_fewer_than_400_lines() -> None:
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in [*SOURCES, *TESTS]}
    assert not {name: size for name, size in sizes.items() if size >= MOST_LINES}


def test_a_function_has_fewer_than_60_lines() -> None:
    assert not {name: size for path in SOURCES for name, size in long_functions(path).items()}


def test_nothing_is_left_undone() -> None:
    marks = ("TODO", "FIXME", "raise NotImplementedError")
    assert not {name_of(path): mark for path in SOURCES for mark in marks if mark in path.read_text()}


ACROSS = {"sweep", "traps", "hostile", "benign", "fuzz", "clients", "fire", "engine", "examples"}


def test_tests_mirror_the_source() -> None:
    """A folder of tests is named for the package that it tests; those in ACROSS go through all of them."""
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in TESTS if path.parent != ROOT / "tests"}
    assert folders - ACROSS <= {path.name for path in (ROOT / "mlpack").iterdir() if path.is_dir()}


def test_tests_are_no_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def modules_after(code: str) -> set[str]:
    listing = f"{code}\nimport json, sys\nprint(json.dumps([*sys.modules]), file=sys.__stdout__)"
    ended = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in json.loads(ended.stdout)}


def test_importing_mlpack_imports_nothing_heavy() -> None:
    assert not modules_after("import mlpack") & (HEAVY | {"typer", "rich"})


def test_help_imports_nothing_heavy() -> None:
    code = """
import io, sys
sys.stdout = io.StringIO()
from mlpack.cli.main import run
try:
    run(["--help"])
except SystemExit:
    pass
"""
    assert not modules_after(code) & HEAVY


def test_the_registries_import_no_model_library() -> None:
    code = """
from mlpack.formats import all_formats
from mlpack.frameworks import all_frameworks
from mlpack.converters import all_converters
all_formats(), all_frameworks(), all_converters()
"""
    assert not modules_after(code) & (HEAVY - {"numpy"})
