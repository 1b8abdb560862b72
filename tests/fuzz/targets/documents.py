"""The documents of mlpack itself: the trust file, and the manifest of a bundle."""

from __future__ import annotations

import os
from pathlib import Path

from fuzz.files import a_file
from fuzz.mutators.documents import changed_json
from fuzz.target import Target

from mlpack.core.trust_file import read_trust_file
from mlpack.runtime.manifest import read_manifest


def trust(data: bytes) -> None:
    """A trust file of the user's own: read, asked, written again."""
    path = a_file(data, "trust.json")
    os.chmod(path, 0o600)
    held = read_trust_file(path)
    assert type(held).from_json(held.to_json()) == held
    assert held.trust.hashes == {entry.sha256 for entry in held.files}


def manifest(data: bytes) -> None:
    """A bundle with the files that seeds list, and this manifest."""
    folder = Path("bundle.mlpack")
    folder.mkdir(exist_ok=True)
    for name in ("model.onnx", "golden.npz"):
        (folder / name).write_bytes(name.encode())
    (folder / "mlpack.json").write_bytes(data)
    read = read_manifest(folder)
    assert read.model_path.parent == folder
    assert read.model_file in {"model.onnx", "golden.npz"}


TARGETS = (
    Target("trust-file", trust, changed_json, ("trust",)),
    Target("manifest", manifest, changed_json, ("manifest",)),
)
