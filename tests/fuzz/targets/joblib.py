"""joblib's files in every compression: the judge, the loader, and whether the two agree."""

from __future__ import annotations

import json

from fuzz.agreement import agree_on_joblib
from fuzz.files import a_file
from fuzz.mutators.opcodes import changed_pickle
from fuzz.mutators.streams import changed_stream
from fuzz.target import Target

from mlpack.formats.joblib import FORMAT


def judge(data: bytes) -> None:
    """The header of a joblib file."""
    json.dumps(FORMAT.read_header(a_file(data)).to_json())


TARGETS = (
    Target("joblib", judge, changed_stream(changed_pickle, 0.4), ("joblib", "hostile-joblib")),
    Target(
        "joblib-load",
        agree_on_joblib,
        changed_stream(changed_pickle, 0.3),
        ("joblib", "hostile-joblib"),
        ("sklearn.ensemble", "pandas", "scipy.stats"),
    ),
)
