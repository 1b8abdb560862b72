"""What the sandbox adds to a command: two workers that open a model and predict, inside it and without it."""

from __future__ import annotations

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
    """The shortest of 20 wall times inside less the shortest of 20 without, which took turns.

    What else the machine does only ever adds, and by more than what is measured here.
    """
    subprocess.run([sys.executable, "-c", MODEL], cwd=folder, check=True)
    (folder / "command.py").write_text(COMMAND)
    times: dict[str, list[float]] = {"inside": [], "without": []}
    for _ in range(20):
        for place, taken in times.items():
            taken.append(run([sys.executable, "command.py", place], folder).seconds * 1000)
    inside, without = min(times["inside"]), min(times["without"])
    detail = f"{inside:.0f} ms against {without:.0f} ms"
    return [Finding("what the sandbox adds to a command with two workers", inside - without, 50, "ms", detail)]
