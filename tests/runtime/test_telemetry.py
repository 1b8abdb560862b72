"""ONNX Runtime reports model names and hashes to its makers unless it is told not to: its session file gives it away."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
if sys.argv[1] == "ours":
    from mlpack.runtime.onnxruntime_session import load_onnxruntime
    onnxruntime = load_onnxruntime()
else:
    import onnxruntime
"""


@pytest.mark.parametrize(("who", "left"), [("theirs", [".ses"]), ("ours", [])])
def test_importing_it_through_mlpack_starts_no_telemetry(tmp_path, who, left):
    hidden = ("CI", "ORT_DISABLE_TELEMETRY", "GITHUB_ACTIONS", "PYTEST_CURRENT_TEST")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    subprocess.run([sys.executable, "-c", SCRIPT, who], check=True, env={**environment, "TMPDIR": str(tmp_path)})
    assert os.listdir(tmp_path) == left
