"""The scan calls honest files safe, and the lists are what the libraries at hand ask for."""

from __future__ import annotations

import subprocess
from itertools import chain
from pathlib import Path

import joblib
import pytest
from names import generations, list_files
from names.corpus import PARTS
from names.dumps import dumped
from names.seen import uses_of
from names.tensors import tensor_names

from mlpack.audit import scan

pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPT = Path(__file__).parents[2] / "scripts" / "list_names.py"


def test_the_scan_calls_a_folder_of_them_safe(samples, tmp_path):
    for part in PARTS:
        for number, sample in enumerate(samples(part)):
            (tmp_path / f"{part}-{number}.pkl").write_bytes(dumped(sample.value, "pickle", 5))
            joblib.dump(sample.value, tmp_path / f"{part}-{number}.joblib", compress=number % 2)
    report = scan([tmp_path])
    assert len(report.files) > 1400
    assert {file.path.name: file.findings for file in report.files if file.verdict != "safe"} == {}


def test_the_lists_are_what_the_script_would_write(samples):
    """With other versions than those listed, nothing may be missing; with one of them, nothing may be left over either."""
    uses = chain(uses_of(chain.from_iterable(map(samples, PARTS))), tensor_names())
    for library, seen in list_files.by_library(uses).items():
        shipped = list_files.read(library)
        assert seen <= set(shipped), f"{library}: make lists"
        version = list_files.version_of(library)
        if any(version in versions for versions in shipped.values()):
            assert list_files.merged(shipped, seen, version) == shipped, f"{library} {version}: make lists"


@pytest.mark.timeout(500)
def test_files_of_an_older_generation_are_safe_too():
    """Written by the oldest libraries that this Python runs, read with the lists and the reader as they are."""
    with generations.environment(generations.oldest()) as python:
        checked = subprocess.run([python, SCRIPT, "--check"], capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr[-2000:]) == (0, "")
