"""What the sandbox adds to a command: two workers that open a model and predict, inside it and without it."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

from measure import Finding, run

MODEL = """
import numpy as np
import onnx
from onnx import TensorProto, helper

weights = helper.make_tensor("w", TensorProto.FLOAT, (4, 2), np.ones(8, np.float32))
rows = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 4))
answers = helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", 2))
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "linear", [rows], [answers], [weights])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "model.onnx")
"""
COMMAND = """
import sys
from pathlib import Path

import numpy as np

from mlpack.isolate import Sandbox, Worker
from mlpack.verify.peer import Peer

model = Path("model.onnx")
sandbox = Sandbox(reads=(model,)) if sys.argv[1] == "inside" else None
workers = [Worker("mlpack.verify.side:Side", sandbox=sandbox) for _ in range(2)]
peers = [Peer(worker) for worker in workers]
for peer in peers:
    peer.begin_open(model, "onnx")
for peer in peers:
    peer.finish_open()
    peer.run({"x": np.ones((3, 4), np.float32)})
for worker in workers:
    assert worker.protection.full == (sys.argv[1] == "inside"), worker.protection.sentence
    worker.close()
"""


def measure(folder: Path) -> list[Finding]:
    """The median difference of processor times, all processes together, of 20 pairs of runs that took turns.

    The two workers start at the same time, so that the wall time grows by about half of it; but on a busy machine the noise of
    that is larger than what is measured.
    """
    subprocess.run([sys.executable, "-c", MODEL], cwd=folder, check=True)
    (folder / "command.py").write_text(COMMAND)
    pairs = [(_processor_time("inside", folder), _processor_time("without", folder)) for _ in range(21)][1:]
    added = statistics.median(inside - without for inside, without in pairs) * 1000
    inside, without = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    detail = f"{inside:.0f} ms against {without:.0f} ms of processor time"
    return [Finding("what the sandbox adds to a command with two workers", added, 50, "ms", detail)]


def _processor_time(place: str, folder: Path) -> float:
    """Seconds of a run and all that it waited for, workers and watchers among them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run([sys.executable, "command.py", place], folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
