"""`mlpack scan` over the whole gallery: it ends with 4, and refuses every file by its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys


def test_the_command_refuses_them_all(cases, gallery, tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "mlpack", "scan", "--json", str(gallery)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},  # nobody trusts anything
    )
    assert ended.returncode == 4, ended.stderr
    told = {file["path"]: file for file in json.loads(ended.stdout)["data"]["files"]}
    verdicts = {name: told[str(case.path)]["verdict"] for name, case in cases.items()}
    assert verdicts == {name: case.scan.verdict for name, case in cases.items()}
    assert "safe" not in verdicts.values()
    assert not [name for name, case in cases.items() if case.canary.exists()]
