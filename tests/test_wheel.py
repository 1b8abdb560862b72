"""What users install: the wheel holds the package, its types marker, its command and its licence, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import mlpack

ROOT = Path(__file__).parent.parent


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
    assert sources <= set(names)
    assert {"mlpack/py.typed", "mlpack/verify/page/styles.css"} <= set(names)
    templates = [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    assert templates
    assert {f"mlpack/_templates/{path.relative_to(ROOT / 'templates')}" for path in templates} <= set(names)
    assert {name.split("/")[0] for name in names} == {"mlpack", f"mlpack_toolkit-{mlpack.__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_its_command_starts_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False, system_site_packages=False)
    python = tmp_path / "venv" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, capture_output=True)
    # Its dependencies are those of this environment: what is tested is the wheel, not the network.
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    here = next(path for path in map(Path, sys.path) if (path / "typer").is_dir())
    (site / "dependencies.pth").write_text(f"{here}\n")
    command = [tmp_path / "venv" / "bin" / "mlpack", "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stdout == f"mlpack {mlpack.__version__}\n"
