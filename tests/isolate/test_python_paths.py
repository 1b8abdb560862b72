"""What a worker may read to import what is installed, and what it may not however Python was set up."""

import sys
import types
from pathlib import Path

import pytest

from mlpack.core.errors import WorkerError
from mlpack.isolate import Worker
from mlpack.isolate.python_paths import SYSTEM, python_paths


def test_the_interpreter_and_its_path_are_read():
    reads = python_paths([]).reads
    assert {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()} <= set(reads)
    assert {Path(entry).resolve() for entry in sys.path if entry.endswith("site-packages")} <= set(reads)


@pytest.mark.parametrize("entry", ["{home}", "{above}", "/", "/tmp", "/etc", "/home"])
def test_no_home_and_no_tree_of_the_machine_is_read_because_modules_are_looked_for_there(tmp_path, monkeypatch, entry):
    home = tmp_path / "home"
    (home / "modules").mkdir(parents=True)
    monkeypatch.syspath_prepend(entry.format(home=home, above=tmp_path))
    monkeypatch.syspath_prepend(str(home / "modules"))
    found = python_paths([home])
    assert not {str(home), str(tmp_path), "/", "/tmp", "/etc", "/home"} & {
        str(path) for path in found.reads + found.lists
    }
    assert home / "modules" in found.lists


def test_of_a_project_only_what_can_be_imported(tmp_path, monkeypatch):
    for name in (
        "features/__init__.py",
        "features/table.csv",
        "space/nested/module.py",
        "single.py",
        "x-1.dist-info/METADATA",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in (".env", ".git/config", "data/customers.csv", "notes.txt", "my-scripts/run.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    found = python_paths([])
    here = {str(path.relative_to(tmp_path)) for path in found.reads if path.is_relative_to(tmp_path)}
    assert here == {"features", "space", "single.py", "x-1.dist-info"}
    assert tmp_path in found.lists


def test_a_projects_secrets_are_closed_and_its_packages_open(tmp_path, monkeypatch):
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "__init__.py").write_text(
        "from pathlib import Path\nclass Reader:\n    def read(self, path):\n        return Path(path).read_text()\n"
    )
    (tmp_path / "features" / "table.txt").write_text("data of a package")
    (tmp_path / ".env").write_text("PASSWORD=1234")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker("features:Reader") as worker:
        assert worker.call("read", path=str(tmp_path / "features" / "table.txt")) == "data of a package"
        with pytest.raises(WorkerError, match="PermissionError"):
            worker.call("read", path=str(tmp_path / ".env"))


def test_what_setuptools_installed_in_place_is_read(tmp_path, monkeypatch):
    finder = types.ModuleType("__editable___features_1_0_finder")
    finder.MAPPING = {"features": str(tmp_path / "src" / "features"), "single": str(tmp_path / "src" / "single")}
    monkeypatch.setitem(sys.modules, finder.__name__, finder)
    assert {tmp_path / "src" / "features", tmp_path / "src" / "single.py"} <= set(python_paths([]).reads)


def test_libraries_on_the_loaders_path_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path / 'lib'}::{tmp_path / 'lib64'}")
    assert {tmp_path / "lib", tmp_path / "lib64"} <= set(python_paths([]).reads)


def test_of_the_system_only_what_is_named():
    assert not {"/", "/etc", "/proc", "/sys", "/dev", "/home", "/root", "/tmp", "/var", "/run"} & set(SYSTEM)


def test_a_module_in_the_home_itself_is_not_found_but_mlpack_is(tmp_path, monkeypatch):
    """PYTHONPATH=$HOME does not open the home to models."""
    (tmp_path / "mine.py").write_text("class Mine:\n    def answer(self):\n        return 42\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Worker("mine:Mine") as worker, pytest.raises(WorkerError, match="exit code 1") as caught:
        worker.call("answer")
    assert "No module named 'mine'" in caught.value.details or "PermissionError" in caught.value.details
    (tmp_path / "modules").mkdir()
    (tmp_path / "mine.py").rename(tmp_path / "modules" / "mine.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "modules"))
    with Worker("mine:Mine") as worker:
        assert worker.call("answer") == 42
