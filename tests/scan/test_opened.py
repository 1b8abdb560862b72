"""What was judged is what is loaded, though the file is swapped or written to in between."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlpack.core.errors import UnsafeFileError
from mlpack.formats import format_named
from mlpack.frameworks import all_frameworks
from mlpack.isolate import Sandbox, Worker
from mlpack.runtime.onnxruntime_session import OnnxRuntimeSession
from mlpack.runtime.unchanged import ChangedFileError
from mlpack.scan.opened import opened

ONNX = format_named("onnx")


def test_a_swapped_file_is_still_the_one_that_was_opened(tmp_path):
    path, other = tmp_path / "model", tmp_path / "other"
    path.write_text("judged")
    other.write_text("hostile")
    seen = []
    with contextlib.suppress(UnsafeFileError), opened(path) as file:
        other.replace(path)
        seen += [path.read_text(), file.content.read_text()]
    assert seen == ["hostile", "judged"]


def test_a_file_that_is_written_to_is_refused(tmp_path):
    path = tmp_path / "model"
    path.write_text("judged")
    before = path.stat()
    refusals = []
    try:
        with opened(path) as file:
            path.write_text("hosti!")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # the size is the same, and now the date is too
            with pytest.raises(UnsafeFileError) as shown:
                file.named("model.keras").__enter__()
            refusals.append(shown.value)
    except UnsafeFileError as at_the_end:
        refusals.append(at_the_end)
    assert [one.findings[0].rule for one in refusals] == ["file/changed", "file/changed"]


def test_another_name_leads_to_the_open_file(tmp_path):
    path = tmp_path / "model"
    path.write_text("judged")
    with opened(path) as file, file.named("model.keras") as shown:
        assert (shown.name, shown.read_text()) == ("model.keras", "judged")
        assert shown.stat().st_ino == path.stat().st_ino


def test_where_links_are_refused_it_is_a_copy(tmp_path, monkeypatch):
    """As in a worker's sandbox."""
    path = tmp_path / "model.keras"
    path.write_text("judged")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with Worker("shown_in_worker:Shown", sandbox=Sandbox(reads=(path,)), require_sandbox=True) as worker:
        assert worker.call("content", path=str(path)) == ["judged", "model.h5"]


def model(path, value, external=False):
    weight = numpy_helper.from_array(np.full(4, value, np.float32), "w")
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", info[:1], info[1:], [weight])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(made, path, save_as_external_data=external, location=f"{path.name}.data", size_threshold=0)


@pytest.mark.parametrize("external", [False, True])
def test_onnx_runtime_opens_what_was_judged(external, tmp_path):
    path, other = tmp_path / "model.onnx", tmp_path / "other.onnx"
    model(path, 1, external)
    model(other, 2, external)
    loaded = ONNX.load(path)
    framework = all_frameworks()["onnx"]
    with framework.session(loaded, framework.signature(loaded)) as session:
        np.testing.assert_array_equal(session.run({"x": np.zeros(4, np.float32)})["y"], np.ones(4))
    victim = path.with_name("model.onnx.data") if external else path
    other.with_name("other.onnx.data" if external else "other.onnx").replace(victim)
    with pytest.raises(UnsafeFileError, match="refused") as refusal:
        framework.signature(loaded)
    assert "was replaced" in refusal.value.why
    with pytest.raises(ChangedFileError, match="was replaced"):
        OnnxRuntimeSession(path, judged=loaded.judged)
    victim.unlink()
    with pytest.raises(UnsafeFileError, match="refused"):
        framework.signature(loaded)


def test_weights_are_read_from_what_was_judged(tmp_path):
    path = tmp_path / "model.onnx"
    model(path, 3, external=True)
    loaded = ONNX.load(path)
    assert numpy_helper.to_array(loaded.proto().graph.initializer[0]).tolist() == [3, 3, 3, 3]
    data = path.with_name("model.onnx.data")
    data.rename(tmp_path / "elsewhere")
    data.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeFileError, match="refused"):
        loaded.proto()
