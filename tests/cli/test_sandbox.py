"""The commands on a machine where a part of the sandbox is missing, and where none is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

ROOT = Path(__file__).parent.parent.parent
REASON = "the library libseccomp is not installed"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model, and a module that stands before the real pyseccomp as it is where its library is missing."""
    place = tmp_path_factory.mktemp("sandbox")
    weights = helper.make_tensor("w", TensorProto.FLOAT, (4, 2), np.arange(8, dtype=np.float32))
    rows = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 4))
    answers = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", 2))
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "linear", [rows], [answers], [weights])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), place / "m.onnx")
    (place / "poorer").mkdir()
    (place / "poorer" / "pyseccomp.py").write_text("raise RuntimeError('Unable to find libseccomp')\n")
    return place


def mlpack(folder: Path, *arguments: str, poorer: bool = False) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), *([str(folder / "poorer")] if poorer else [])])
    return subprocess.run(
        [sys.executable, "-m", "mlpack", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def data(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.stdout)["data"]
    return found


COMMANDS = (
    ("verify", "m.onnx", "m.onnx"),
    ("convert", "m.onnx", "-o", "out.pt"),
    ("pack", "m.onnx", "-o", "out.mlpack"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_whole_sandbox_is_said(folder: Path, command: tuple[str, ...]) -> None:
    run = mlpack(folder, *command, "--require-sandbox", "--json")
    assert run.returncode == 0, run.stdout
    assert data(run)["sandbox"]["state"] == "full"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_what_is_missing_is_said(folder: Path, command: tuple[str, ...]) -> None:
    run = mlpack(folder, *command, "--json", poorer=True)
    assert run.returncode == 0, run.stdout
    sandbox = data(run)["sandbox"]
    assert (sandbox["state"], sandbox["seccomp"], bool(sandbox["landlock"])) == ("partial", False, True)
    assert sandbox["missing"] == [{"what": "seccomp", "why": REASON, "remedy": "apt install libseccomp2"}]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_nothing_is_loaded_where_the_whole_is_required(folder: Path, command: tuple[str, ...]) -> None:
    shutil.rmtree(folder / "out.mlpack", ignore_errors=True)
    (folder / "out.pt").unlink(missing_ok=True)
    run = mlpack(folder, *command, "--require-sandbox", "--json", poorer=True)
    assert run.returncode == 6
    (error,) = json.loads(run.stdout)["errors"]
    assert (error["type"], error["hint"]) == ("MissingLibraryError", "apt install libseccomp2")
    assert REASON in error["why"]
    assert not (folder / "out.pt").exists()
    assert not (folder / "out.mlpack").exists()


def test_people_are_told_only_where_something_is_missing(folder: Path) -> None:
    assert "sandbox" not in mlpack(folder, "verify", "m.onnx", "m.onnx").stdout
    said = " ".join(mlpack(folder, "verify", "m.onnx", "m.onnx", poorer=True).stdout.split())
    assert "half sandboxed, by Landlock" in said
    assert REASON in said


def test_doctor_says_what_is_missing_and_what_to_do(folder: Path) -> None:
    assert data(mlpack(folder, "doctor", "--json"))["sandbox"]["state"] == "full"
    assert data(mlpack(folder, "doctor", "--json", poorer=True))["sandbox"]["state"] == "partial"
    said = " ".join(mlpack(folder, "doctor", poorer=True).stdout.split())
    assert f"no seccomp around models: {REASON}; next: apt install libseccomp2" in said


def test_the_proof_in_a_bundle_does_not_tell_of_this_machine(folder: Path) -> None:
    assert mlpack(folder, "pack", "m.onnx", "-o", "told.mlpack").returncode == 0
    assert "sandbox" not in json.loads((folder / "told.mlpack" / "parity.json").read_text())
