"""The golden predictions of a bundle: the original model's answers, which whoever serves it has to give again."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StartError
from ..session import Array, Feed, Outputs
from ..signature import Signature

FILE = "golden.npz"
_REPORT = "parity.json"
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error)
_SLACK = 1e-6
"""Of the scale of an output, where the report names no tolerance: other processors round the last bits otherwise."""


@dataclass(frozen=True)
class Golden:
    """Inputs as the packed model takes them, the original's answers to them, and how far apart two answers may be.

    ``tolerances`` holds (atol, rtol) by output, as they were derived when parity was proven; labels are equal or not.
    """

    inputs: Feed
    outputs: Outputs
    tolerances: Mapping[str, tuple[float, float]]

    @property
    def rows(self) -> int:
        """The length of the first axis of the first output."""
        return len(next(iter(self.outputs.values())))


def read_golden(folder: Path, signature: Signature) -> Golden:
    """What `mlpack pack` wrote beside the model. Raises StartError."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        report = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
        tolerances = {
            name: (float(one["atol"]), float(one["rtol"])) for name, one in (report.get("tolerance") or {}).items()
        }
    except _UNREADABLE as error:
        raise StartError(f"the golden predictions of {folder} cannot be read", exit_code=7, why=str(error)) from error
    inputs, outputs = _part(arrays, "input/"), _part(arrays, "output/")
    if set(inputs) != {spec.name for spec in signature.inputs} or not outputs:
        raise StartError(f"the golden predictions of {folder} are of another model", exit_code=7)
    return Golden(inputs, outputs, tolerances)


def replay(run: Callable[[Feed], Outputs], golden: Golden) -> str:
    """Ask ``run`` for the golden predictions; empty where it gives them, else what differs, in one line.

    Raises what ``run`` raises.
    """
    answers = run(golden.inputs)
    for name, expected in golden.outputs.items():
        if name not in answers:
            return f"there is no output {name}"
        wrong = difference(name, np.asarray(answers[name]), expected, golden.tolerances.get(name))
        if wrong:
            return wrong
    return ""


def difference(name: str, answer: Array, expected: Array, tolerance: tuple[float, float] | None) -> str:
    """How ``answer`` differs from ``expected`` beyond ``tolerance`` (atol, rtol); empty where it does not."""
    if answer.shape != expected.shape:
        return f"{name} has the shape {list(answer.shape)}, and it was {list(expected.shape)}"
    if expected.dtype.kind not in "fV":
        wrong: Any = np.asarray(answer != expected)
    else:
        ours, theirs = answer.astype(np.float64), expected.astype(np.float64)
        atol, rtol = tolerance or (_SLACK * float(np.nanmax(np.abs(theirs), initial=0.0)), 0.0)
        wrong = ~np.isclose(ours, theirs, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return ""
    place = tuple(int(index) for index in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
    return f"{name} of row {place[0]} is {answer[place]}, and the original model answered {expected[place]}"


def _part(arrays: Mapping[str, Any], prefix: str) -> dict[str, Array]:
    """The arrays under ``prefix``; strings, which are stored with a fixed width, as objects."""
    return {
        name.removeprefix(prefix): array.astype(object) if array.dtype.kind == "U" else array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
