"""A short run of every fuzz target: some thousand inputs from the same seeds and the same chance each time."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from fuzz.__main__ import SCRATCH, command_of, environment, make_seeds, runs_of
from fuzz.seeds.reading import folders_of
from fuzz.target import all_targets

RUNS = 1500
SECONDS = 120
"""Far more than it takes; a process that hangs ends then."""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> Path:
    return make_seeds(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("name", all_targets())
def test_target(name, seeds, tmp_path):
    (tmp_path / "corpus").mkdir()
    groups = folders_of(seeds, all_targets()[name])
    assert groups, "a target without seeds"
    options = [f"-runs={RUNS}", "-seed=1", f"-artifact_prefix={tmp_path}/", str(tmp_path / "corpus"), *map(str, groups)]
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        command = [*command_of(name, seeds, Path(scratch)), *options]
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", env=environment(), timeout=SECONDS
        )
    assert ended.returncode == 0, ended.stderr[-4000:] + ended.stdout[-2000:]
    assert runs_of(ended.stderr) >= RUNS
    assert any((tmp_path / "corpus").iterdir()), "no input reached anything new: is mlpack instrumented?"
