"""The corpus is no straw man: a careless program that loads these files does what they want."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile.corpus import all_hostile

GROUPS = {
    "python": ((), ("numpy",)),
    "sklearn": (
        ("sklearn", "scipy", "pandas", "xgboost", "lightgbm", "joblib", "numpy"),
        ("sklearn.svm", "pandas", "scipy.io", "joblib"),
    ),
    "torch": (("torch",), ("torch",)),
    "keras": (("keras/",), ("keras",)),
}
"""Libraries that are imported once for all entries that tell of them, and the words that tell."""


def group_of(entry):
    text = f"{entry.name} {entry.bypass} {entry.proof} {' '.join(entry.says)}"
    for group in ("keras", "torch", "sklearn"):
        if any(word in text for word in GROUPS[group][0]):
            return group
    return "python"


@pytest.mark.parametrize("group", GROUPS)
def test_the_harm_is_real(group, tmp_path):
    entries = {entry.name: entry for entry in all_hostile() if entry.proof and group_of(entry) == group}
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "hostile.proof", str(tmp_path), *GROUPS[group][1]],
        input="\n".join(entries),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    outcomes = json.loads(ended.stdout)
    assert outcomes.keys() == entries.keys()
    failed = {
        name: outcome for name, outcome in outcomes.items() if outcome != entries[name].harm and not is_gone(outcome)
    }
    assert not failed
    gone = [name for name, outcome in outcomes.items() if is_gone(outcome)]
    assert len(gone) < len(entries) / 5, gone


def is_gone(outcome):
    """Whether the name that it goes by is none in this version of Python or of the library: then it harms nobody here."""
    return any(word in outcome for word in ("ModuleNotFoundError", "Can't get attribute", "has no attribute"))
