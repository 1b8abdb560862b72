"""The commands end to end, as processes: what they print, the code they end with, and what they leave on disk."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
PROGRAM = [sys.executable, "-m", "mlpack"]
UNLISTED = b"\x80\x02cmypackage.features\nScaler\n)\x81."
"""A pickle that builds an object of a class that no list knows."""


def mlpack(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def document(folder: Path, *arguments: str) -> dict[str, Any]:
    ended = mlpack(folder, *arguments, "--json")
    found: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == found["exit_code"], ended.stderr
    return found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two models of the same inputs that answer differently."""
    folder = tmp_path_factory.mktemp("models")
    rows, labels = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(rows, labels)
    joblib.dump(pipeline, folder / "wine.joblib")
    (folder / "tree.pkl").write_bytes(pickle.dumps(DecisionTreeClassifier(max_depth=1).fit(rows, labels)))
    np.save(folder / "rows.npy", rows)
    return folder


@pytest.fixture(scope="module")
def converted(models: Path) -> dict[str, Any]:
    return document(models, "convert", "wine.joblib", "-o", "wine.onnx", "--data", "rows.npy")


def test_convert_writes_what_passed(models: Path, converted: dict[str, Any]) -> None:
    assert (converted["command"], converted["ok"], converted["errors"]) == ("convert", True, [])
    assert converted["data"]["verdict"] == "PASS"
    assert converted["data"]["sha256"] == digest(models / "wine.onnx")


def test_what_is_there_is_kept_until_it_is_forced(models: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_text("dear diary")
    command = ("convert", str(models / "wine.joblib"), "-o", "mine.onnx", "--budget", "5")
    ended = mlpack(tmp_path, *command)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "mine.onnx is there already" in ended.stderr
    assert "--force" in ended.stderr
    assert (tmp_path / "mine.onnx").read_text() == "dear diary"
    assert document(tmp_path, *command, "--force")["data"]["replaced"] == "a file that mlpack did not write"
    assert "a former conversion of wine.joblib" in mlpack(tmp_path, *command).stdout


@pytest.mark.usefixtures("converted")
def test_verify_reports_for_machines(models: Path) -> None:
    for name in ("parity.json", "parity.xml"):
        ended = mlpack(models, "verify", "wine.joblib", "wine.onnx", "--report", name, "--budget", "5")
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.startswith("PASS")
        tables = ended.stdout.splitlines()[1:]  # the verdict is a sentence, of any length
        assert all(len(line) <= 80 for line in tables if "  " in line.strip())
    assert json.loads((models / "parity.json").read_text())["verdict"] == "PASS"
    assert ET.parse(models / "parity.xml").getroot().tag in {"testsuite", "testsuites"}


@pytest.mark.usefixtures("converted")
def test_verify_of_another_model_fails_with_3(models: Path) -> None:
    ended = mlpack(models, "verify", "tree.pkl", "wine.onnx", "-q")
    assert ended.returncode == 3
    assert ended.stdout.startswith("FAIL")
    assert len(ended.stdout.splitlines()) == 1


def test_pack_writes_a_bundle_that_inspect_reads(models: Path) -> None:
    packed = document(models, "pack", "wine.joblib", "-o", "wine.mlpack", "--name", "wine", "--version", "2")
    assert packed["ok"]
    seen = document(models, "inspect", "wine.mlpack")
    assert seen["data"]["model"] == "wine 2"
    ended = mlpack(models, "inspect", "wine.mlpack")
    assert ended.stdout.startswith("PASS  wine.mlpack: wine 2, a bundle")
    assert digest(models / "wine.joblib") in ended.stdout


def test_formats_and_doctor_print_one_document(tmp_path: Path) -> None:
    assert document(tmp_path, "formats")["data"]["routes"]
    assert document(tmp_path, "doctor")["data"]["machine"]["python"]


def truncated(models: Path, folder: Path) -> str:
    content = (models / "wine.joblib").read_bytes()
    (folder / "bad.joblib").write_bytes(content[: len(content) // 2])
    return "bad.joblib"


def empty(_: Path, folder: Path) -> str:
    (folder / "bad.onnx").write_bytes(b"")
    return "bad.onnx"


def swapped_ending(models: Path, folder: Path) -> str:
    (folder / "bad.onnx").write_bytes((models / "wine.joblib").read_bytes())
    return "bad.onnx"


def noise(_: Path, folder: Path) -> str:
    (folder / "bad.h5").write_bytes(np.random.default_rng(0).bytes(10_000))
    return "bad.h5"


def a_folder(_: Path, folder: Path) -> str:
    (folder / "bad.pkl").mkdir()
    return "bad.pkl"


def untrusted(_: Path, folder: Path) -> str:
    (folder / "mine.pkl").write_bytes(UNLISTED)
    return "mine.pkl"


def unsafe(_: Path, folder: Path) -> str:
    (folder / "hostile.pkl").write_bytes(b"\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch owned\x85R.")
    return "hostile.pkl"


@pytest.mark.parametrize(
    ("make", "code"),
    [(truncated, 7), (empty, 7), (swapped_ending, 7), (noise, 7), (a_folder, 2), (untrusted, 11), (unsafe, 4)],
)
def test_bad_input_is_told_and_leaves_nothing(
    make: Callable[[Path, Path], str], code: int, models: Path, tmp_path: Path
) -> None:
    name = make(models, tmp_path)
    before = sorted(tmp_path.iterdir())
    for command in (("convert", name, "-o", "out.onnx"), ("pack", name, "-o", "out.mlpack")):
        ended = mlpack(tmp_path, *command)
        assert ended.returncode == code, ended.stderr
        assert ended.stdout == ""
        assert ended.stderr.startswith("error: ")
        assert "\nnext: " in ended.stderr
        assert "Traceback" not in ended.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_an_untrusted_pickle_shows_the_hash_to_type(models: Path, tmp_path: Path) -> None:
    name = untrusted(models, tmp_path)
    ended = mlpack(tmp_path, "convert", name, "-o", "none.onnx")
    assert f"--trust {digest(tmp_path / name)}" in ended.stderr
    assert f"mlpack trust add {tmp_path / name}" in ended.stderr
    assert not (tmp_path / "none.onnx").exists()


@pytest.mark.parametrize(
    ("output", "flags", "code"),
    [
        ("out.h5", (), 5),
        ("out.nonsense", (), 2),
        ("no/such/folder/out.onnx", (), 2),
        ("out.onnx", ("--data", "short.npy"), 10),
        ("out.onnx", ("--data", "none.csv"), 10),
        ("out.onnx", ("--data", "tree.pkl"), 10),
        ("out.onnx", ("--opset", "999"), 2),
        ("out.onnx", ("--budget", "0"), 3),
    ],
)
def test_a_conversion_that_cannot_work(output: str, flags: tuple[str, ...], code: int, models: Path) -> None:
    np.save(models / "short.npy", np.zeros((4, 3)))
    ended = mlpack(models, "convert", "wine.joblib", "-o", output, *flags)
    assert ended.returncode == code, ended.stderr
    assert "\nnext: " in ended.stderr
    assert not (models / output).exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            ("verify", "wine.joblib", "localhost:8080"),
            2,
            "http://localhost:8080 or grpc://localhost:8080 for a service",
        ),
        (("verify", "wine.joblib", "wine:1"), 2, "docker://wine:1 for an image"),
        (("inspect", "http://localhost:8080"), 2, "mlpack verify MODEL ADDRESS"),
        (("scan", "wine.joblib", "--sarif", "no/such/scan.sarif"), 2, "mkdir -p no/such"),
        (("convert", "wine.joblib", "-o", "."), 2, ". is a folder"),
        (("convert", "wine.joblib", "-o", "out.onnx", "--budget", "0"), 3, "give it more time: --budget 60"),
        (("convert", "wine.joblib", "-o", "out.onnx", "--data", "tree.pkl"), 10, "save the rows as CSV"),
        (("pack", "wine.joblib", "-o", "out.mlpack", "--format", "pickle"), 2, "'--format': 'pickle' is not one of"),
        (("containerize", "wine.joblib", "--render-only", "."), 2, "choose another folder"),
        (("advise", "wine.joblib", "--seconds", "0"), 2, "--seconds 2"),
        (("serve", "wine.joblib", "--api-key-file", "none"), 2, "No such file or directory\n"),
    ],
)
def test_what_to_do_next_is_what_works(arguments: tuple[str, ...], code: int, says: str, models: Path) -> None:
    ended = mlpack(models, *arguments)
    assert ended.returncode == code, ended.stderr
    assert says in ended.stderr
    assert "\nnext: " in ended.stderr


def test_ctrl_c_ends_every_worker_and_leaves_nothing(models: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    command = [*PROGRAM, "convert", str(models / "wine.joblib"), "-o", "out.onnx"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env={**ENVIRONMENT, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE, text=True
    )
    workers = wait_for(lambda: children(process.pid))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "error: interrupted; nothing was written\n"
    assert wait_for(
        lambda: not [pid for pid in workers if Path(f"/proc/{pid}/cmdline").exists() and not is_zombie(pid)]
    )
    assert [path.name for path in tmp_path.iterdir()] == ["tmp"]
    assert wait_for(lambda: not list(scratch.iterdir()))


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def wait_for(look: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found
