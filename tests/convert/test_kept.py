"""Of what lies in a worker's folder only the staged file and what belongs to it goes beside the output."""

from pathlib import Path

import pytest

from mlpack.convert.attempts import Kept
from mlpack.runtime.signature import Signature


@pytest.mark.parametrize("planted", [".bashrc", "sitecustomize.py", "model.onnxrc", "amodel.onnx.data"])
def test_what_a_hostile_worker_puts_beside_its_result_stays_there(tmp_path, planted):
    staged = tmp_path / "model.onnx"
    for name in ("model.onnx", "model.onnx.data", "model.onnx.json", planted):
        (tmp_path / name).write_text(name)
    kept = Kept(staged, "", "", None, Signature(()))
    assert [path.name for path in kept.files] == ["model.onnx", "model.onnx.data", "model.onnx.json"]


def test_links_and_folders_do_not_belong_to_it(tmp_path):
    staged, secret = tmp_path / "model.onnx", tmp_path / "secret"
    staged.write_text("a model")
    secret.write_text("the key to everything")
    Path(f"{staged}.link").symlink_to(secret)
    Path(f"{staged}.folder").mkdir()
    assert Kept(staged, "", "", None, Signature(())).files == [staged]
    staged.unlink()
    staged.symlink_to(secret)
    assert Kept(staged, "", "", None, Signature(())).files == []


def test_a_name_with_the_signs_of_a_pattern_is_a_name(tmp_path):
    for name in ("m[1].onnx", "m[1].onnx.data", "m1.onnx.data"):
        (tmp_path / name).write_text(name)
    kept = Kept(tmp_path / "m[1].onnx", "", "", None, Signature(()))
    assert [path.name for path in kept.files] == ["m[1].onnx", "m[1].onnx.data"]
