"""What is saved runs in a process that has torch and nothing else."""

import subprocess
import sys

import numpy as np
import torch
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlpack.converters.onnx_to_torchscript.graph import to_torchscript

SCRIPT = """
import sys
sys.modules.update(dict.fromkeys(["mlpack", "onnx", "onnxruntime", "sklearn"]))  # importing any of them would fail
import torch
module = torch.jit.load(sys.argv[1])
rows = torch.load(sys.argv[2])
torch.save([module(rows[:count]) for count in (0, 1, 2, 5, 150)], sys.argv[3])
"""


def test_saved_module_answers_the_same_in_a_fresh_process(tmp_path):
    rows, labels = load_iris(return_X_y=True)
    rows = rows.astype(np.float32)
    net = make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0)).fit(rows, labels)
    options = {id(net[-1]): {"zipmap": False}}
    module = to_torchscript(to_onnx(net, rows[:1], options=options, target_opset={"": 18, "ai.onnx.ml": 3}))
    module.save(str(tmp_path / "model.pt"))
    torch.save(torch.from_numpy(rows), tmp_path / "rows.pt")
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-I", str(script), *(str(tmp_path / name) for name in ("model.pt", "rows.pt", "out.pt"))]
    subprocess.run(command, check=True, timeout=120)
    answers = torch.load(tmp_path / "out.pt")
    assert [labels.shape[0] for labels, _ in answers] == [0, 1, 2, 5, 150]
    for got, count in zip(answers, (0, 1, 2, 5, 150), strict=True):
        for one, other in zip(got, module(torch.from_numpy(rows[:count])), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert (answers[-1][0].numpy() == net.predict(rows)).mean() > 0.9


def test_two_conversions_are_independent(tmp_path):
    rows, labels = load_iris(return_X_y=True)
    rows = rows.astype(np.float32)
    modules = []
    for seed in (0, 1):
        net = RandomForestClassifier(3, max_depth=2, random_state=seed).fit(rows, labels)
        options = {id(net): {"zipmap": False}}
        modules.append(to_torchscript(to_onnx(net, rows[:1], options=options, target_opset={"": 18, "ai.onnx.ml": 3})))
    first, second = (module(torch.from_numpy(rows))[1] for module in modules)
    assert not torch.equal(first, second)
