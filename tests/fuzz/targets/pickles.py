"""Pickles: the judge with all that describes what it saw, the loader, and whether the two agree."""

from __future__ import annotations

import json

from fuzz.agreement import agree_on_pickle
from fuzz.files import a_file
from fuzz.mutators.opcodes import changed_pickle
from fuzz.target import Target

from mlpack.formats.pickle import FORMAT


def judge(data: bytes) -> None:
    """The header of a pickle: machine, lists, description."""
    json.dumps(FORMAT.read_header(a_file(data)).to_json())


TARGETS = (
    Target("pickle", judge, changed_pickle, ("pickle", "hostile-pickle"), most_bytes=1 << 14),
    Target(
        "pickle-load",
        agree_on_pickle,
        changed_pickle,
        ("pickle", "hostile-pickle"),
        ("sklearn.ensemble", "pandas", "scipy.stats"),
        most_bytes=1 << 14,
    ),
)
