"""A bundle is opened only if it is the folder that was written: every file listed, as it was, and nothing besides."""

from __future__ import annotations

import copy
import json
import os
import shutil
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlpack
from mlpack.core.errors import CorruptFileError, MlpackError
from mlpack.runtime.manifest import ManifestError, read_manifest

LISTED = ("golden.npz", "model.onnx", "parity.json", "sbom.cdx.json")


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "iris.mlpack"
    rows, labels = load_iris(return_X_y=True)
    mlpack.pack(LogisticRegression(max_iter=1000).fit(rows, labels), path, sample=rows, budget=5)
    return path


@pytest.fixture
def bundle(packed, tmp_path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(packed, tmp_path / "iris.mlpack"))


def refused(bundle: Path, says: str) -> None:
    """Everything that opens a bundle refuses it, with the same words and a next step."""
    with pytest.raises(ManifestError, match=says):
        read_manifest(bundle)
    for opens in (mlpack.load, mlpack.inspect):
        with pytest.raises(CorruptFileError, match=says) as error:
            opens(bundle)
        assert error.value.hint


def test_every_file_is_listed(bundle):
    assert {path.name for path in bundle.iterdir()} == {*LISTED, "mlpack.json"}
    assert {entry["path"] for entry in read_manifest(bundle).document["files"]} == set(LISTED)


@pytest.mark.parametrize("name", LISTED)
def test_each_file_is_checked(bundle, name):
    path = bundle / name
    original = path.read_bytes()
    for changed in (original + b"\0", original[:-1], bytes([original[0] ^ 1]) + original[1:], b""):
        path.write_bytes(changed)
        refused(bundle, f"{name} is not the file that the bundle was written with")
    path.unlink()
    refused(bundle, f"lists '{name}', which is not in it")
    (bundle / name).mkdir()
    refused(bundle, f"'{name}' in .* is a folder")


@pytest.mark.parametrize("name", ["model.onnx.data", "sitecustomize.py", ".hidden", "model.sig.bak", "mlpack.json.old"])
def test_a_file_that_is_not_listed_is_named(bundle, name):
    (bundle / name).write_bytes(b"x")
    refused(bundle, f"holds '{name}', which its manifest does not list")


def test_a_signature_need_not_be_listed(bundle):
    (bundle / "model.sig").write_bytes(b"{}")
    assert read_manifest(bundle).name == "iris"


@pytest.mark.parametrize("name", [*LISTED, "mlpack.json", "model.sig", "extra"])
def test_no_link_even_to_the_very_same_file(bundle, packed, name):
    (bundle / name).unlink(missing_ok=True)
    target = packed / name
    (bundle / name).symlink_to(target if target.exists() else packed / "mlpack.json")
    refused(bundle, f"'{name}' in .* is a symbolic link")


def test_neither_folders_nor_pipes(bundle):
    (bundle / "__pycache__").mkdir()
    refused(bundle, "'__pycache__' in .* is a folder")
    (bundle / "__pycache__").rmdir()
    os.mkfifo(bundle / "pipe")
    refused(bundle, "'pipe' in .* is no regular file")


def places(value, at=()):
    """The path of every part of a JSON document, two items of a list at most."""
    yield at
    parts = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*at, name))


def replaced(document, at, value):
    if not at:
        return value
    spoilt = copy.deepcopy(document)
    parent = spoilt
    for name in at[:-1]:
        parent = parent[name]
    parent[at[-1]] = value
    return spoilt


@pytest.mark.parametrize("value", [None, True, -1, 10**400, float("nan"), "\ud800", "../x", [], [None], {}, {"a": 1}])
def test_a_manifest_of_any_other_shape_is_read_or_refused_and_never_a_crash(bundle, value):
    original = json.loads((bundle / "mlpack.json").read_text())
    codes = []
    for at in places(original):
        (bundle / "mlpack.json").write_text(json.dumps(replaced(original, at, value)))
        try:
            found = mlpack.inspect(bundle)
            json.dumps([found.to_json(), repr(found.view())])
        except MlpackError as error:
            codes.append(error.exit_code)
    assert len(codes) > 10
    assert set(codes) <= {2, 7}  # 2: a format that no plug-in on this machine knows


@pytest.mark.parametrize(
    "text", [b"", b"[", b"[" * 100_000, b"\xff\xfe", b"null", b"1" * 5000, b"{}", b'{"format_version": "1"}']
)
def test_what_is_no_manifest_at_all(bundle, text):
    (bundle / "mlpack.json").write_bytes(text)
    refused(bundle, "damaged")


def test_a_manifest_of_another_version(bundle):
    (bundle / "mlpack.json").write_text('{"format_version": 2}')
    refused(bundle, "has format_version 2, this reads 1")
