"""A model file is packed once; what is kept is whole, the user's own, and scanned every time."""

import json
import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import mlpack
from mlpack.core.errors import CorruptFileError, TrustError, UnsafeFileError, UsageError
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.scaffold.cache import Packing, bundle_for
from mlpack.scaffold.folder import is_whole
from mlpack.scaffold.service import service_project
from mlpack.scaffold.store import cache_folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def model(tmp_path):
    """A tiny ONNX model: packing it takes a second."""
    from onnx import TensorProto, helper, save

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Sigmoid", ["x"], ["y"])], "g",
        [value("x", TensorProto.FLOAT, ["batch", 2])], [value("y", TensorProto.FLOAT, ["batch", 2])],
    )  # fmt: skip
    path = tmp_path / "tiny.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def entries(cache):
    return sorted(path.name for path in (cache / "bundles").iterdir() if not path.name.startswith("."))


def test_a_file_is_packed_once(model, cache):
    first = bundle_for(model, NO_TRUST)
    second = bundle_for(model, NO_TRUST)
    assert (first.packed, second.packed) == (True, False)
    assert first.path == second.path
    assert first.manifest.name == "tiny"
    assert first.path.is_relative_to(cache)
    assert "PASS" in first.proof


def test_options_and_content_make_an_entry_of_their_own(model, cache, tmp_path):
    np.save(tmp_path / "rows.npy", np.ones((4, 2), dtype=np.float32))
    bundle_for(model, NO_TRUST)
    bundle_for(model, NO_TRUST, Packing(name="other"))
    bundle_for(model, NO_TRUST, Packing(data=tmp_path / "rows.npy"))
    assert len(entries(cache)) == 3
    np.save(tmp_path / "rows.npy", np.zeros((4, 2), dtype=np.float32))
    bundle_for(model, NO_TRUST, Packing(data=tmp_path / "rows.npy"))
    assert len(entries(cache)) == 4


@pytest.mark.parametrize("damage", ["model", "manifest", "gone", "stranger"])
def test_a_damaged_entry_is_made_anew(model, damage):
    bundle = bundle_for(model, NO_TRUST).path
    if damage == "model":
        (bundle / "model.onnx").write_bytes(b"")
    elif damage == "manifest":
        (bundle / "mlpack.json").write_text("{")
    elif damage == "gone":
        shutil.rmtree(bundle)
    else:
        (bundle / "sitecustomize.py").write_text("import os\n")
    assert bundle_for(model, NO_TRUST).packed
    assert not bundle_for(model, NO_TRUST).packed


def test_an_entry_of_another_file_is_not_taken(model):
    bundle = bundle_for(model, NO_TRUST).path
    manifest = json.loads((bundle / "mlpack.json").read_text())
    manifest["source"]["sha256"] = "0" * 64
    (bundle / "mlpack.json").write_text(json.dumps(manifest))
    assert bundle_for(model, NO_TRUST).packed


def test_two_processes_pack_it_once(model):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [*pool.map(bundle_for, [model, model], [NO_TRUST, NO_TRUST])]
    assert sorted(one.packed for one in found) == [False, True]
    assert len({one.path for one in found}) == 1


def test_the_cache_is_the_users_own(cache, tmp_path, monkeypatch):
    assert cache_folder("bundles").stat().st_mode & 0o777 == 0o700
    assert cache.stat().st_mode & 0o777 == 0o700
    cache.chmod(0o777)
    with pytest.raises(UsageError, match="can be written by others") as caught:
        cache_folder("bundles")
    assert "chmod 700" in caught.value.hint
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "file" / "cache"))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        cache_folder("bundles")


def test_where_it_is(tmp_path, monkeypatch):
    monkeypatch.delenv("MLPACK_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "mlpack"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "mlpack"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "mlpack"


def test_a_bundle_is_taken_as_it_is(model, tmp_path, cache):
    mlpack.pack(model, tmp_path / "tiny.mlpack")
    found = bundle_for(tmp_path / "tiny.mlpack", NO_TRUST)
    assert (found.path, found.packed) == (tmp_path / "tiny.mlpack", False)
    assert not cache.exists()
    with pytest.raises(UsageError, match="--name is for packing"):
        bundle_for(tmp_path / "tiny.mlpack", NO_TRUST, Packing(name="x"))


def test_what_is_unsafe_is_refused_whatever_is_kept(tmp_path, cache):
    (tmp_path / "evil.pkl").write_bytes(b"cos\n_exit\n(I7\ntR.")
    with pytest.raises(UnsafeFileError):
        bundle_for(tmp_path / "evil.pkl", NO_TRUST)
    assert not cache.exists()


def test_trust_is_asked_for_every_time(tmp_path, trusted):
    """A module of one's own, packed as it is: it is loaded only by those who vouch for it, kept or not."""
    import torch

    torch.save(torch.nn.Linear(2, 1), tmp_path / "linear.pth")
    options = Packing(format="native")
    with pytest.raises(TrustError):
        bundle_for(tmp_path / "linear.pth", NO_TRUST, options)
    trust = Trust.of(trusted(tmp_path / "linear.pth"))
    bundle_for(tmp_path / "linear.pth", trust, options)
    assert not bundle_for(tmp_path / "linear.pth", trust, options).packed
    with pytest.raises(TrustError):
        bundle_for(tmp_path / "linear.pth", NO_TRUST, options)


def test_the_service_of_a_bundle_is_rendered_once(model, cache):
    manifest = bundle_for(model, NO_TRUST).manifest
    project = service_project(manifest)
    before = (project / "app.py").stat().st_ino
    assert project.is_relative_to(cache)
    assert is_whole(project)
    assert not (project / "model").exists()
    assert service_project(manifest) == project
    assert (project / "app.py").stat().st_ino == before
    (project / "runtime" / "settings.py").write_text("import os\n")
    assert service_project(manifest) == project
    assert is_whole(project)
    assert (project / "runtime" / "settings.py").read_text() != "import os\n"
    (project / "runtime").unlink()  # as where rendering was ended before it
    assert service_project(manifest) == project
    assert (project / "runtime" / "__main__.py").is_file()


def test_a_bundle_that_nobody_could_have_made(model):
    manifest = bundle_for(model, NO_TRUST).manifest
    (manifest.folder / "golden.npz").write_bytes(b"")
    with pytest.raises(CorruptFileError, match="golden"):
        service_project(manifest)
