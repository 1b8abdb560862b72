"""A bundle is judged file by file, and held against its manifest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlpack
from mlpack.audit.file import FileScan


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows, labels = load_iris(return_X_y=True)
    path = tmp_path_factory.mktemp("bundles") / "iris.mlpack"
    mlpack.pack(LogisticRegression(max_iter=1000).fit(rows, labels), path, sample=rows, budget=5)
    return path


@pytest.fixture
def bundle(packed: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, in a folder of models."""
    return Path(shutil.copytree(packed, tmp_path / "models" / "iris.mlpack"))


def scanned(path: Path) -> dict[str, FileScan]:
    return {file.path.name: file for file in mlpack.scan(path).files}


def faults(path: Path) -> dict[str, list[str]]:
    return {name: [one.message for one in file.findings] for name, file in scanned(path).items() if file.findings}


def test_every_file_of_it_is_shown_and_safe(bundle: Path) -> None:
    for path in (bundle, bundle.parent):
        found = scanned(path)
        assert set(found) == {"golden.npz", "mlpack.json", "model.onnx", "parity.json", "sbom.cdx.json"}
        assert {file.verdict for file in found.values()} == {"safe"}
        assert all(file.sha256 for file in found.values())
        assert found["model.onnx"].format == "onnx"


def test_a_changed_file_is_corrupt(bundle: Path) -> None:
    with (bundle / "parity.json").open("a") as file:
        file.write(" ")
    report = mlpack.scan(bundle)
    assert faults(bundle) == {"parity.json": ["it is not the file that the bundle was written with: another SHA-256"]}
    assert (report.exit_code, scanned(bundle)["model.onnx"].verdict) == (7, "safe")


def test_a_hostile_file_in_it_is_unsafe(bundle: Path, system: bytes) -> None:
    (bundle / "model.onnx").write_bytes(system)
    found = scanned(bundle)["model.onnx"]
    assert found.verdict == "unsafe"
    assert {finding.rule for finding in found.findings} == {"file/ending", "pickle/name", "bundle/manifest"}


def test_what_was_added_taken_out_or_linked_is_told(bundle: Path) -> None:
    (bundle / "golden.npz").unlink()
    (bundle / "notes.txt").write_text("put here\n")
    (bundle / "folder").mkdir()
    (bundle / "link.json").symlink_to("parity.json")
    found = faults(bundle)
    assert set(found) == {"folder", "link.json", "mlpack.json", "notes.txt"}
    assert found["mlpack.json"] == ["it lists 'golden.npz', which is not there"]
    assert "does not list it" in found["notes.txt"][0]
    assert mlpack.scan(bundle).exit_code == 7


def test_a_damaged_manifest_is_told_and_the_files_are_judged(bundle: Path, system: bytes) -> None:
    (bundle / "mlpack.json").write_text("{")
    (bundle / "model.onnx").write_bytes(system)
    found = scanned(bundle)
    assert "is damaged" in found["mlpack.json"].findings[0].message
    assert found["model.onnx"].verdict == "unsafe"


def test_a_model_that_is_not_listed_is_told(bundle: Path) -> None:
    manifest = bundle / "mlpack.json"
    document = json.loads(manifest.read_text())
    document["model"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(document))
    assert faults(bundle) == {"mlpack.json": ["it names a model that it does not list: 'model.onnx'"]}
