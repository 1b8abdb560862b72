"""What users install: the wheel holds the package, its types marker, its command and its licence, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import joblib
import pytest

import mlpack

ROOT = Path(__file__).parent.parent
BESIDE = ("css", "json", "proto", "pyi", "typed")
"""Endings of what lies beside the modules."""
EXTRAS = {
    "sklearn", "skl2onnx", "keras", "tensorflow", "tf2onnx", "torch", "onnxscript", "xgboost", "lightgbm", "onnxmltools",
    "pandas", "pyarrow", "fsspec", "fastapi", "starlette", "uvicorn", "msgspec", "orjson", "grpc", "google", "ray",
    "prometheus_client", "opentelemetry", "model_signing", "cryptography",
}  # fmt: skip
"""What `pip install mlpack-toolkit` alone brings none of."""
WITH_EXTRAS = ("mlpack.runtime.rest", "mlpack.runtime.rpc", "mlpack.converters.onnx_to_torchscript.ops")
"""Where extras are imported at the top, because nothing gets there without them."""
BARE = f"""
from importlib.machinery import PathFinder
find = PathFinder.find_spec
def without(name, path=None, target=None):
    return None if name.partition(".")[0] in {EXTRAS!r} else find(name, path, target)
PathFinder.find_spec = without
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_its_name_is_the_distribution_s(wheel: Path) -> None:
    assert wheel.name == f"mlpack_toolkit-{mlpack.__version__}-py3-none-any.whl"


def test_it_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "mlpack").rglob("*.py")}
    beside = {str(path.relative_to(ROOT)) for ending in BESIDE for path in (ROOT / "mlpack").rglob(f"*.{ending}")}
    assert {"mlpack/py.typed", "mlpack/verify/page/styles.css", "mlpack/bundle/manifest.schema.json"} <= beside
    assert sources | beside <= set(names)
    templates = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    assert templates
    assert {f"mlpack/_templates/{path.relative_to(ROOT / 'templates')}" for path in templates} <= set(names)
    assert {name.split("/")[0] for name in names} == {"mlpack", f"mlpack_toolkit-{mlpack.__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that the wheel alone was installed into."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(place, with_pip=False, system_site_packages=False)
    python = place / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, capture_output=True)
    # Its dependencies are those of this environment: what is tested is the wheel, not the network.
    (site,) = place.glob("lib/python*/site-packages")
    here = next(path for path in map(Path, sys.path) if (path / "typer").is_dir())
    (site / "dependencies.pth").write_text(f"{here}\n")
    return place / "bin"


@pytest.fixture(scope="module")
def bare(installed: Path) -> dict[str, str]:
    """Variables with which nothing of the extras is to be found."""
    folder = installed.parent / "bare"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BARE)
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(scope="module")
def model(forest_pipeline: Path) -> Path:
    return forest_pipeline


def said(program: Path, folder: Path, *words: str | Path, code: int = 0, **more: str) -> str:
    """What the installed program prints, in a folder that is not the source's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLPACK"))}
    environment = {**own, "MLPACK_CACHE": str(folder / "cache"), **more}
    ended = subprocess.run([program, *words], capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


def test_its_command_starts_in_an_environment_of_its_own(installed: Path, tmp_path: Path) -> None:
    assert said(installed / "mlpack", tmp_path, "--version") == f"mlpack {mlpack.__version__}\n"
    place = said(installed / "python", tmp_path, "-c", "import mlpack; print(mlpack.__file__)")
    assert Path(place.strip()).is_relative_to(installed.parent)


def test_every_module_of_it_is_imported_without_the_extras(
    installed: Path, bare: dict[str, str], tmp_path: Path
) -> None:
    code = f"""
import importlib, pkgutil, mlpack
names = [found.name for found in pkgutil.walk_packages(mlpack.__path__, "mlpack.")]
without = [name for name in names if not name.startswith({WITH_EXTRAS!r}) and not name.endswith("__main__")]
print(*(importlib.import_module(name).__name__ for name in without))
"""
    imported = set(said(installed / "python", tmp_path, "-c", code, **bare).split())
    folders = {f"mlpack.{path.parent.name}" for path in (ROOT / "mlpack").glob("*/__init__.py")}
    assert folders <= imported
    assert {"mlpack.batch.cluster", "mlpack.verify.page.svg", "mlpack.scaffold.deploy.kubernetes"} <= imported


def test_without_the_extras_it_looks_and_says_what_to_install(
    installed: Path, bare: dict[str, str], model: Path, tmp_path: Path
) -> None:
    program = installed / "mlpack"
    assert "RandomForestClassifier" in said(program, tmp_path, "inspect", model, **bare)
    assert said(program, tmp_path, "scan", model, **bare).startswith("safe")
    assert json.loads(said(program, tmp_path, "formats", "--json", **bare))["ok"]
    assert json.loads(said(program, tmp_path, "doctor", "--json", **bare))["ok"]
    refused = json.loads(said(program, tmp_path, "convert", model, "-o", "m.onnx", "--json", code=6, **bare))
    assert refused["errors"][0]["hint"].startswith('pip install "scikit-learn==')


def test_all_that_it_writes_is_written_from_another_folder(installed: Path, model: Path, tmp_path: Path) -> None:
    """Each of these reads something that lies beside the modules: templates, styles, schemas, the runtime to be copied."""
    program = installed / "mlpack"
    said(program, tmp_path, "pack", model, "-o", "m.mlpack")
    said(program, tmp_path, "verify", model, "m.mlpack", "--report", "parity.html")
    assert "<style>" in (tmp_path / "parity.html").read_text()
    for target in ("triton", "mlserver", "kserve"):
        said(program, tmp_path, "scaffold", "m.mlpack", "-o", target, "--export", target)
    said(program, tmp_path, "containerize", "m.mlpack", "--render-only", "context")
    said(program, tmp_path, "init", "kubernetes", "--model", "m.mlpack", "--image", "m:1")
    said(program, tmp_path, "init", "compose", "--image", "m:1")
    said(program, tmp_path, "init", "ci", "--model", "models/m.joblib")
    said(program, tmp_path, "init", "ci", "--provider", "gitlab", "--model", "models/m.joblib")
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert not [path for path in written if not is_portable(path)]
    assert {"context/Dockerfile", "kubernetes/deployment.yaml", "compose.yaml"} <= written
    assert {".gitlab-ci.yml"} <= written
    assert any(path.startswith(".github/workflows/") for path in written)


def is_portable(path: str) -> bool:
    """Whether Windows has a file of that name: https://learn.microsoft.com/windows/win32/fileio/naming-a-file."""
    parts = path.split("/")
    plain = not re.search(r'[<>:"\\|?*\x00-\x1f]|[. ](/|$)', path)
    return plain and not any(re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part) for part in parts)


@pytest.mark.parametrize("name", ["m:1/a", "a/nul", "Con.txt", "a./b", "a/b ", 'x"', "a\\b"])
def test_a_name_that_only_some_systems_have_is_seen(name: str) -> None:
    assert not is_portable(name)


def test_it_answers_files_and_advises_from_another_folder(installed: Path, model: Path, cancer, tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame(cancer[0], columns=[f"x{number}" for number in range(30)]).to_csv(tmp_path / "rows.csv", index=False)
    program = installed / "mlpack"
    run = json.loads(said(program, tmp_path, "batch", model, "-i", "rows.csv", "-o", "answers.csv", "--json"))
    assert run["data"]["rows"] == len(cancer[0])
    assert (pd.read_csv(tmp_path / "answers.csv")["label"] == joblib.load(model).predict(cancer[0])).all()
    advice = json.loads(said(program, tmp_path, "advise", "--latency-ms", "20", "--json"))
    assert advice["data"]["commands"]
