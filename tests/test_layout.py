"""The shape of the source: small modules, small functions, tests that mirror it, nothing heavy at start."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

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
HEAVY |= {"pandas", "pyarrow", "scipy", "skl2onnx", "sklearn", "tensorflow", "tf2onnx", "torch", "xgboost"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name_of)
def test_a_module_has_fewer_than_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_has_fewer_than_60_lines(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = {
        node.name: size
        for node in functions
        if (size := (node.end_lineno or 0) - node.lineno + 1) >= MOST_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_is_left_undone(path: Path) -> None:
    text = path.read_text()
    assert not [word for word in ("TODO", "FIXME", "raise NotImplementedError") if word in text]


def test_tests_mirror_the_source() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in TESTS} - {Path(), Path("sweep")}
    places = {folder: ROOT / "mlpack" / folder for folder in folders}
    assert not [
        str(folder) for folder, place in places.items() if not (place.is_dir() or place.with_suffix(".py").is_file())
    ]


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
