"""Finds out what of the sandbox this machine offers, by having a short process put itself into one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from mlpack.isolate.protection import Gap, Protection
from mlpack.isolate.restrict import restrict
from mlpack.isolate.sandbox import Sandbox

_SECONDS = 60


def offered() -> Protection:
    """What a worker of this interpreter would have. Imports no NumPy, here or there."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "mlpack.isolate.probe", scratch]
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS).stdout
        except (OSError, subprocess.SubprocessError) as error:
            return Protection(missing=(Gap("sandbox", f"a process that was to try it failed: {error}"),))
    return Protection.from_json(json.loads(said))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(restrict(Sandbox(), Path(sys.argv[1]), ()).to_json()))
